//! The signals by which a person or the system asks a run to stop.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Interrupts, terminations and hang-ups, from the moment this is made: none that comes between two waits is
/// lost.
pub(super) struct Signals {
    #[cfg(unix)]
    kinds: Vec<Signal>,
}

impl Signals {
    /// Takes the signals over from the system, which would end the process.
    pub(super) fn listen() -> Self {
        #[cfg(unix)]
        {
            let kinds = [
                SignalKind::interrupt(),
                SignalKind::terminate(),
                SignalKind::hangup(),
            ];
            Self {
                kinds: kinds
                    .into_iter()
                    .filter_map(|kind| signal(kind).ok())
                    .collect(),
            }
        }
        #[cfg(not(unix))]
        Self {}
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        #[cfg(unix)]
        {
            if self.kinds.is_empty() {
                std::future::pending::<()>().await;
            }
            let waiting = self.kinds.iter_mut().map(|kind| Box::pin(kind.recv()));
            futures_util::future::select_all(waiting).await;
        }
        #[cfg(not(unix))]
        drop(tokio::signal::ctrl_c().await);
    }
}
