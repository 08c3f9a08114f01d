//! Keeps below a node's limit of questions a minute, which all its clients share.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

const WINDOW: Duration = Duration::from_mins(1);

/// A number of questions in any minute; the next one waits.
#[derive(Debug)]
pub(super) struct Pace {
    most: usize,
    asked: Mutex<VecDeque<Instant>>,
}

impl Pace {
    /// RIS takes 15 questions a minute unless configured otherwise, of all its clients together; the estate says how
    /// many of them are ours.
    // claim: CUCM-RIS-RATE
    pub(super) fn ris(per_minute: u32) -> Self {
        Self::new(usize::try_from(per_minute).unwrap_or(usize::MAX).max(1))
    }

    /// `PerfMon` takes 80 questions a minute where RIS takes 15. Source: cucm-soap §5.
    pub(super) fn perfmon(of_ris: u32) -> Self {
        Self::ris(of_ris.saturating_mul(5))
    }

    fn new(most: usize) -> Self {
        Self {
            most,
            asked: Mutex::default(),
        }
    }

    /// Returns when a question may be asked, and counts it.
    pub(super) async fn turn(&self) {
        let mut asked = self.asked.lock().await;
        if asked.len() >= self.most
            && let Some(oldest) = asked.front().copied()
        {
            tokio::time::sleep_until(oldest + WINDOW).await;
            asked.pop_front();
        }
        asked.push_back(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_above_the_limit_waits_for_its_minute() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let pace = Pace::new(2);
            let long_ago = Instant::now().checked_sub(WINDOW).unwrap();
            pace.asked.lock().await.extend([long_ago, Instant::now()]);
            let within = |pace| tokio::time::timeout(Duration::from_millis(20), pace);
            assert!(within(pace.turn()).await.is_ok(), "a minute has passed");
            assert!(
                within(pace.turn()).await.is_err(),
                "two within the minute are enough"
            );
        });
    }
}
