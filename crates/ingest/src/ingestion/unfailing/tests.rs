use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::*;

/// Something that ends when it is told to, and where that can be seen.
fn work() -> (
    impl Future<Output = u8> + Send + 'static,
    Arc<Notify>,
    Arc<AtomicBool>,
) {
    let (go, ended) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
    let (wait, seen) = (Arc::clone(&go), Arc::clone(&ended));
    let future = async move {
        wait.notified().await;
        seen.store(true, Ordering::SeqCst);
        7
    };
    (future, go, ended)
}

#[tokio::test]
async fn it_is_what_it_was_made_of() {
    let tasks = TaskTracker::new();
    let (future, go, ended) = work();
    go.notify_one();
    assert_eq!(Unfailing::new(future, tasks.clone()).await, 7);
    assert!(ended.load(Ordering::SeqCst) && tasks.is_empty());
}

#[tokio::test]
async fn it_goes_on_when_it_is_dropped() {
    let tasks = TaskTracker::new();
    let (future, go, ended) = work();
    let begun = Unfailing::new(future, tasks.clone());
    let given_up = tokio::time::timeout(Duration::from_millis(1), begun).await;
    assert!(given_up.is_err());
    assert_eq!(tasks.len(), 1);
    go.notify_one();
    tasks.close();
    tasks.wait().await;
    assert!(ended.load(Ordering::SeqCst));
}
