mod chains;
mod hostile;
mod reading;
mod requests;
mod trust;
