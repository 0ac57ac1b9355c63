//! Each call of the file system fails in each way, one after the other: nothing acknowledged is
//! lost, nothing is acknowledged after a failed sync, and what can be borne is borne.

use std::io::ErrorKind;

use super::driver::Driver;
use super::sim::{Call, Fault, Plan};

const CALLS: [Call; 13] = [
    Call::CreateDirectory,
    Call::List,
    Call::Create,
    Call::Open,
    Call::Rename,
    Call::Remove,
    Call::SyncDirectory,
    Call::Lock,
    Call::Size,
    Call::Allocate,
    Call::Read,
    Call::Write,
    Call::Sync,
];

/// `EIO`, which the standard library has no name for.
const FAILURE: ErrorKind = ErrorKind::Other;

fn faults(call: Call) -> Vec<Fault> {
    let mut faults = [FAILURE, ErrorKind::StorageFull, ErrorKind::Interrupted]
        .map(Fault::Error)
        .to_vec();
    if call == Call::Write {
        faults.extend([FAILURE, ErrorKind::StorageFull].map(Fault::Half));
    }
    if matches!(call, Call::Read | Call::Write) {
        faults.push(Fault::Short);
    }
    faults
}

/// Journals with their own records and trims.
const SEEDS: u64 = 5;

#[test]
fn no_failure_loses_what_was_acknowledged() {
    let mut runs = 0;
    for call in CALLS {
        for fault in faults(call) {
            // Once, for some calls in a row, and from then on.
            for times in [1, 3, u64::MAX] {
                if fault == Fault::Error(ErrorKind::Interrupted) && times == u64::MAX {
                    // A call that is always interrupted is repeated for ever.
                    continue;
                }
                for seed in 0..SEEDS {
                    runs += sweep(seed, call, fault, times);
                }
            }
        }
    }
    assert!(runs > 1000 * SEEDS, "{runs}");
}

/// Lets the first call fail, then the second, and so on. Returns how many there were.
fn sweep(seed: u64, call: Call, fault: Fault, times: u64) -> u64 {
    let mut nth = 0;
    while run(
        seed,
        Plan {
            call,
            nth,
            times,
            fault,
        },
    ) {
        nth += 1;
    }
    assert!(nth > 0, "{call:?} is never called");
    nth
}

/// Tells whether the journal must go on as if nothing had happened.
fn is_harmless(plan: Plan) -> bool {
    match plan.fault {
        Fault::Short => true,
        Fault::Error(ErrorKind::Interrupted) => {
            !matches!(plan.call, Call::Sync | Call::SyncDirectory)
        }
        _ => false,
    }
}

/// Tells whether it may refuse records and must not give up.
fn is_bearable(plan: Plan) -> bool {
    let no_space = matches!(plan.fault, Fault::Error(ErrorKind::StorageFull));
    is_harmless(plan)
        || matches!(plan.call, Call::Create | Call::Allocate | Call::Remove)
        || no_space && plan.call == Call::Rename
}

/// Lives two lives with these failures and a third without. Returns whether any came to pass.
fn run(seed: u64, plan: Plan) -> bool {
    let mut driver = Driver::new(seed);
    driver.files.plan(plan);
    for _ in 0..2 {
        if let Err(error) = driver.open() {
            assert!(!is_harmless(plan), "{plan:?}: {error:#}");
            driver.kill();
            if driver.open().is_err() {
                driver.files.end_plan();
                driver.kill();
                driver.open().unwrap();
            }
        }
        for _ in 0..6 {
            driver.batch();
            if let Err(error) = driver.trim() {
                assert!(!is_harmless(plan), "{plan:?}: {error:#}");
            }
            assert!(!(is_bearable(plan) && driver.is_poisoned()), "{plan:?}");
        }
        driver.kill();
    }
    let struck = driver.files.end_plan();
    driver.lose_power();
    driver.open().unwrap();
    for _ in 0..3 {
        driver.batch();
        driver.trim().unwrap();
    }
    assert!(!driver.is_poisoned());
    driver.lose_power();
    driver.open().unwrap();
    struck
}
