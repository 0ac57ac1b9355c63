//! The power goes off between and during the steps of a journal: what was acknowledged is found
//! again, in order, and nothing else than what was appended.

use super::driver::Driver;
use super::sim::Call;

/// Each seed is a journal with its own records, losses and places where they happen.
const SEEDS: u64 = 12_000;

#[test]
fn what_was_acknowledged_survives_power_loss() {
    let (mut acknowledged, mut torn_tails, mut whole_records_torn) = (0, 0, 0);
    for seed in 0..SEEDS {
        let mut driver = Driver::new(seed);
        for _ in 0..3 {
            // Somewhere, or where something is written and not synced.
            if driver.random.one_in(2) {
                driver.files.end_at(None, driver.random.below(80));
            } else {
                driver
                    .files
                    .end_at(Some(Call::Sync), driver.random.below(12));
            }
            acknowledged += live(&mut driver);
            if driver.random.one_in(4) {
                driver.kill();
            } else {
                driver.lose_power();
            }
        }
        driver.open().unwrap();
        driver.batch();
        assert!(!driver.is_poisoned());
        driver.lose_power();
        driver.open().unwrap();
        torn_tails += driver.torn_tails;
        whole_records_torn += driver.whole_records_torn;
    }
    // The seeds do what they are for.
    assert!(acknowledged > 10 * SEEDS as usize, "{acknowledged}");
    assert!(torn_tails > 1000, "{torn_tails}");
    assert!(whole_records_torn > 100, "{whole_records_torn}");
}

/// Works until the process ends. Errors come from that end only.
fn live(driver: &mut Driver) -> usize {
    let mut acknowledged = 0;
    if driver.open().is_err() {
        return 0;
    }
    for _ in 0..1 + driver.random.below(6) {
        acknowledged += driver.batch();
        if driver.random.one_in(3) && driver.trim().is_err() {
            break;
        }
    }
    acknowledged
}
