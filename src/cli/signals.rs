//! The signals by which a person or the system asks a run to stop.

/// Waits for the next interrupt, termination or hang-up.
pub(super) async fn next() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ];
        let mut waiting = Vec::new();
        for kind in kinds {
            if let Ok(mut signals) = signal(kind) {
                waiting.push(Box::pin(async move {
                    signals.recv().await;
                }));
            }
        }
        if waiting.is_empty() {
            std::future::pending::<()>().await;
        }
        futures_util::future::select_all(waiting).await;
    }
    #[cfg(not(unix))]
    drop(tokio::signal::ctrl_c().await);
}
