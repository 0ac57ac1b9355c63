//! Rule 10: deduplication logs are repaired after an unclean stop.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{TestEngine, start_in};

/// Makes what a kill between the two steps of a write leaves behind: the token of the second
/// insert is logged, its part does not exist. Returns the test with its engine stopped.
async fn with_orphan() -> TestEngine {
    let test = TestEngine::start().await;
    test.execute("CREATE TABLE ws_a.t (a Int64) ENGINE = MergeTree ORDER BY a")
        .await;
    test.insert("t", "1\n", "first").await.expect("stored");
    test.insert("t", "2\n", "second").await.expect("stored");
    let part = test
        .admin("SELECT path FROM system.parts WHERE table = 't' AND name = 'all_2_2_0'")
        .await;
    test.engine.clone().stop().await;
    assert!(
        !marker(&test.engine_directory()).exists(),
        "stopped in order"
    );
    fs::remove_dir_all(part).expect("removed");
    test
}

fn marker(directory: &Path) -> PathBuf {
    directory.join("data/birdhouse.running")
}

async fn replay(mut test: TestEngine) -> String {
    test.engine = start_in(test.engine_directory()).await;
    test.insert("t", "1\n", "first").await.expect("accepted");
    test.insert("t", "2\n", "second").await.expect("accepted");
    test.admin("SELECT groupArray(a) FROM (SELECT a FROM ws_a.t ORDER BY a)")
        .await
}

#[tokio::test]
async fn a_replay_is_stored_although_its_token_was_logged() {
    let test = with_orphan().await;
    fs::write(marker(&test.engine_directory()), "").expect("written");
    assert_eq!(replay(test).await, "[1,2]");
}

/// Why the repair exists. When this fails, the library has changed and the repair may go.
#[tokio::test]
async fn without_the_repair_the_replay_would_be_lost() {
    let test = with_orphan().await;
    assert_eq!(replay(test).await, "[1]");
}
