//! A command of a client, run to its end, and what a user sees of it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::harness::{signal, wait_until};

/// How long one command may take; a deployment polls every 5 s, a loaded machine starts Python
/// slowly.
const COMMAND_SECONDS_MAX: u32 = 180;

/// How long a command may take to end after it was told to.
const STOP_TIME_MAX: Duration = Duration::from_secs(20);

/// A program with an environment and a directory of its own.
#[derive(Clone)]
pub(super) struct Program {
    path: PathBuf,
    /// What comes before the arguments and is not shown, such as the script of `node`.
    before: Vec<OsString>,
    directory: PathBuf,
    environment: Vec<(&'static str, OsString)>,
    /// The program as the table shows it.
    shown: &'static str,
}

/// A program that runs.
pub(super) struct Running {
    child: Child,
    output: PathBuf,
    shown: String,
}

impl Running {
    /// Interrupts it as a user would, and returns what it showed.
    pub(super) fn stop(mut self) -> Seen {
        signal(self.child.id(), Signal::INT);
        let status = wait_until("the command ends", STOP_TIME_MAX, || {
            let status = self.child.try_wait().unwrap();
            status.ok_or_else(|| "it runs".to_owned())
        });
        Seen {
            command: self.shown,
            code: status.code().unwrap_or(-1),
            text: fs::read_to_string(&self.output).unwrap(),
        }
    }
}

/// What a command showed.
pub(super) struct Seen {
    pub(super) command: String,
    pub(super) code: i32,
    /// Both outputs, the normal one first.
    pub(super) text: String,
}

impl Program {
    /// A program that is run in `directory`, with `home` as its home.
    pub(super) fn new(shown: &'static str, path: PathBuf, directory: &Path, home: &Path) -> Self {
        Self {
            path,
            before: Vec::new(),
            directory: directory.to_owned(),
            environment: vec![
                ("HOME", home.into()),
                ("NO_COLOR", "1".into()),
                // Addresses are shown instead of opened.
                ("BROWSER", "echo %s".into()),
                ("PYTHONUTF8", "1".into()),
                // Neither the newest version nor usage statistics are asked for over the network.
                ("TB_VERSION_WARNING", "0".into()),
                ("TB_CLI_TELEMETRY_OPTOUT", "1".into()),
                ("TINYBIRD_TELEMETRY_OPTOUT", "1".into()),
            ],
            shown,
        }
    }

    pub(super) fn before(mut self, argument: impl Into<OsString>) -> Self {
        self.before.push(argument.into());
        self
    }

    pub(super) fn env(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// Returns the same program with options before all others; `shown` is how the table shows it.
    pub(super) fn before_all(&self, shown: &'static str, options: &[&str]) -> Self {
        let mut program = self.clone();
        program.before.extend(options.iter().map(OsString::from));
        program.shown = shown;
        program
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Runs `line`, words that spaces part; `'…'` and `"…"` keep spaces, and `{…}` in a word stays out of the
    /// table, which shows `…`: ports, paths and tokens differ from run to run.
    pub(super) fn run(&self, line: &str) -> Seen {
        let (mut command, shown) = self.command(line, &[]);
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        Seen {
            command: shown,
            code: output.status.code().unwrap_or(-1),
            text: String::from_utf8_lossy(&text).into_owned(),
        }
    }

    /// Starts `line`, which runs until it is stopped, and lets it write into a file.
    pub(super) fn start(&self, line: &str, output: &Path) -> Running {
        // A signal reaches the program once, not as a member of a group as well.
        let (mut command, shown) = self.command(line, &["--foreground"]);
        let file = File::create(output).unwrap();
        command
            .env("PYTHONUNBUFFERED", "1")
            .stderr(file.try_clone().unwrap())
            .stdout(file);
        Running {
            child: command.spawn().unwrap(),
            output: output.to_owned(),
            shown,
        }
    }

    /// Returns the command of a line and how the table shows it.
    fn command(&self, line: &str, options: &[&str]) -> (Command, String) {
        let (words, shown) = words(line);
        let mut command = Command::new("timeout");
        command
            .args(options)
            .arg("--kill-after=5")
            .arg(COMMAND_SECONDS_MAX.to_string())
            .arg(&self.path)
            .args(&self.before)
            .args(words)
            .current_dir(&self.directory)
            .stdin(Stdio::null());
        for name in [
            "TB_TOKEN",
            "TB_HOST",
            "TB_USER_TOKEN",
            "CI",
            "GITHUB_ACTIONS",
        ] {
            command.env_remove(name);
        }
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        (command, format!("{} {shown}", self.shown).trim().to_owned())
    }
}

/// Splits a line into its words, and returns it as the table shows it.
fn words(line: &str) -> (Vec<String>, String) {
    let (mut words, mut word, mut shown) = (Vec::new(), String::new(), String::new());
    let (mut quote, mut is_hidden) = (None, false);
    for character in line.chars() {
        match character {
            '\'' | '"' if quote.is_none() => quote = Some(character),
            _ if quote == Some(character) => quote = None,
            '{' if quote.is_none() => {
                is_hidden = true;
                shown.push('…');
                continue;
            }
            '}' if is_hidden => {
                is_hidden = false;
                continue;
            }
            ' ' if quote.is_none() => words.push(std::mem::take(&mut word)),
            _ => word.push(character),
        }
        if !is_hidden {
            shown.push(character);
        }
    }
    words.push(word);
    (words, shown)
}

#[test]
fn words_are_parted_by_spaces_outside_of_quotes() {
    let (words, shown) = words("sql 'SELECT 1' --file {/tmp/x}.csv");
    assert_eq!(words, ["sql", "SELECT 1", "--file", "/tmp/x.csv"]);
    assert_eq!(shown, "sql 'SELECT 1' --file ….csv");
}
