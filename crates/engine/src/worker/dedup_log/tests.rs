use super::*;

/// A table directory as the engine leaves it.
struct Fixture {
    data: tempfile::TempDir,
    table: PathBuf,
}

impl Fixture {
    fn new(parts: &[&str], logs: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().expect("directory");
        let table = data.path().join("store/abc/abcdef");
        let directory = table.join("deduplication_logs");
        fs::create_dir_all(&directory).expect("create");
        for part in parts {
            fs::create_dir(table.join(part)).expect("create");
        }
        for (name, text) in logs {
            fs::write(directory.join(name), text).expect("write");
        }
        Self { data, table }
    }

    #[track_caller]
    fn check(&self, expected: Repair, log: &str, text: &str) {
        assert_eq!(repair(self.data.path()).expect("repaired"), expected);
        let file = self.table.join("deduplication_logs").join(log);
        assert_eq!(fs::read_to_string(file).expect("readable"), text);
    }
}

const LOG: &str = "deduplication_log_1.txt";

#[test]
fn an_orphan_is_removed_and_only_it() {
    let log = "1\tall_1_1_0\tall_t1\n1\tall_2_2_0\tall_t2\n";
    let fixture = Fixture::new(&["all_1_1_0", "tmp_insert_all_2_2_0"], &[(LOG, log)]);
    let repaired = format!("{log}2\tall_2_2_0\tall_t2\n");
    let expected = Repair {
        orphans: 1,
        torn_lines: 0,
    };
    fixture.check(expected, LOG, &repaired);
    // A second repair finds nothing.
    fixture.check(Repair::default(), LOG, &repaired);
}

#[test]
fn merged_mutated_and_removed_parts_are_no_orphans() {
    let log =
        "1\t20260101_1_1_0\ta\n1\t20260101_2_2_0\tb\n1\t20260102_3_3_0\tc\n2\t20260102_3_3_0\tc\n";
    let fixture = Fixture::new(&["20260101_1_2_1_5"], &[(LOG, log)]);
    fixture.check(Repair::default(), LOG, log);
}

#[test]
fn a_part_of_another_partition_does_not_cover() {
    let log = "1\t7_1_1_0\ta\n";
    let fixture = Fixture::new(&["8_1_1_0"], &[(LOG, log)]);
    let expected = Repair {
        orphans: 1,
        torn_lines: 0,
    };
    fixture.check(expected, LOG, "1\t7_1_1_0\ta\n2\t7_1_1_0\ta\n");
}

#[test]
fn logs_are_read_in_order_of_their_numbers() {
    let fixture = Fixture::new(
        &[],
        &[
            (
                "deduplication_log_9.txt",
                "1\tall_1_1_0\ta\n1\tall_2_2_0\tb\n",
            ),
            ("deduplication_log_10.txt", "2\tall_1_1_0\ta\n"),
        ],
    );
    let expected = Repair {
        orphans: 1,
        torn_lines: 0,
    };
    let text = "2\tall_1_1_0\ta\n2\tall_2_2_0\tb\n";
    fixture.check(expected, "deduplication_log_10.txt", text);
}

#[test]
fn a_torn_line_is_cut_off() {
    let fixture = Fixture::new(&["all_1_1_0"], &[(LOG, "1\tall_1_1_0\ta\n1\tall_2_")]);
    let expected = Repair {
        orphans: 0,
        torn_lines: 1,
    };
    fixture.check(expected, LOG, "1\tall_1_1_0\ta\n");
}

#[test]
fn nothing_to_repair_is_fine() {
    let empty = tempfile::tempdir().expect("directory");
    assert_eq!(repair(empty.path()).expect("no store"), Repair::default());
    let fixture = Fixture::new(&[], &[(LOG, "")]);
    fixture.check(Repair::default(), LOG, "");
}
