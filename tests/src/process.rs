//! The `rollbook` binary as a child process: started, listened to, stopped, killed.
//!
//! It knows two things about the binary: its first line on standard output names the address it listens on, and
//! SIGTERM asks it to end. No child outlives its value here.
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Longest wait for the first line: a debug build that rebuilds a large view takes seconds, never this long.
const START_SECONDS_MAX: u64 = 60;
/// Longest wait for a process to end after SIGTERM.
const STOP_SECONDS_MAX: u64 = 30;
/// What the first line says before the address.
const GREETING: &str = "listening on ";

/// The built `rollbook` binary. The first call in a test process builds it, quietly, if it is missing or old.
///
/// # Panics
/// If it does not build; the message is the compiler's.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(build)
}

/// A command of the `rollbook` binary, for a test to add arguments to and run.
///
/// # Panics
/// As [`binary`].
pub fn rollbook() -> Command {
    Command::new(binary())
}

/// Cargo gives tests of another package no path to a binary, so it is built and found beside the test executable.
fn build() -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    let profile = test.ancestors().nth(2).expect("tests lie in target/PROFILE/deps");
    let target = profile.parent().expect("a profile's folder lies in the target folder");
    let mut cargo = Command::new(env!("CARGO"));
    // The whole workspace, not `-p rollbook-api`: with the features of one package alone cargo would compile most
    // dependencies a second time.
    cargo.args(["build", "--quiet", "--workspace", "--bin", "rollbook", "--target-dir"]).arg(target);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    // Cargo describes this package to the test, and build scripts of dependencies run again when they see that.
    for (name, _) in std::env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|it| name.starts_with(it)))
        {
            cargo.env_remove(name);
        }
    }
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo runs");
    assert!(
        output.status.success(),
        "`rollbook` does not build:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    profile.join("rollbook")
}

/// A child process that listens. Killed, and waited for, when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    url: String,
    errors: Captured,
}

impl Server {
    /// Starts a command and waits until its first line says where it listens.
    ///
    /// # Panics
    /// If it ends, says something else, or says nothing for 60 s; the message holds its standard error.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let errors = Captured::of(child.stderr.take().expect("standard error is piped"));
        let lines = first_line_of(child.stdout.take().expect("standard output is piped"));
        let mut server = Self { child, url: String::new(), errors };
        let line = lines.recv_timeout(Duration::from_secs(START_SECONDS_MAX)).unwrap_or_default();
        match line.trim_end().strip_prefix(GREETING) {
            Some(url) => url.clone_into(&mut server.url),
            None => server.fail_to_start(command, &line),
        }
        server
    }

    /// `http://…` without a slash at the end, from the process's first line.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to standard error until now.
    pub fn stderr(&self) -> String {
        self.errors.text()
    }

    /// Kills it with SIGKILL, as a power cut would, and waits until it is gone.
    ///
    /// # Panics
    /// If the system does not let a parent wait for its child.
    pub fn kill(&mut self) {
        // An error here means it had already ended.
        let _ = self.child.kill();
        self.child.wait().expect("a parent may wait for its child");
    }

    /// Asks it to end with SIGTERM, by its pid, and waits.
    ///
    /// # Panics
    /// If it is still there after 30 s.
    pub fn stop(&mut self) -> ExitStatus {
        // The shell has `kill` built in; a bare system has no program of that name.
        let kill = format!("kill -TERM {}", self.pid());
        let sent = Command::new("sh").args(["-c", &kill]).status().expect("a shell runs");
        assert!(sent.success(), "process {} is not there to be stopped: {}", self.pid(), self.stderr());
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(STOP_SECONDS_MAX) {
            if let Some(status) = self.child.try_wait().expect("a parent may wait for its child") {
                return status;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!(
            "process {} did not end within {STOP_SECONDS_MAX} s of SIGTERM:\n{}",
            self.pid(),
            self.stderr()
        )
    }

    fn fail_to_start(&mut self, command: &Command, line: &str) -> ! {
        self.kill();
        self.errors.finish();
        panic!(
            "{command:?} did not say `{GREETING}…` first but {line:?}; its standard error:\n{}",
            self.stderr()
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends the first line, then reads on to the end, so that the process never blocks on a full pipe.
fn first_line_of(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = String::new();
        // A line that is not text is as wrong as none, and the receiver says so.
        let _ = output.read_line(&mut line);
        let _ = sender.send(line);
        let _ = std::io::copy(&mut output, &mut std::io::sink());
    });
    receiver
}

/// All that a pipe has carried until now.
#[derive(Debug)]
struct Captured {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: thread::JoinHandle<()>,
}

impl Captured {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                let chunk = buffer.get(..count).unwrap_or_default();
                kept.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(chunk);
            }
        });
        Self { bytes, reader }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// Waits for the end of the pipe, so that the last words of a dead process are not missed; not for long, since
    /// its own children may still hold the other end.
    fn finish(&self) {
        let start = Instant::now();
        while !self.reader.is_finished() && start.elapsed() < Duration::from_secs(2) {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

#[cfg(test)]
mod tests {
    //! A shell stands in for the binary wherever what the binary does is not the question.
    use std::path::Path;
    use std::process::Command;

    use super::{Server, rollbook};

    fn shell(script: &str) -> Server {
        Server::start(Command::new("sh").args(["-c", script]))
    }

    fn is_alive(pid: u32) -> bool {
        Path::new("/proc").join(pid.to_string()).exists()
    }

    #[test]
    fn the_binary_is_built_and_answers() {
        assert!(rollbook().arg("--help").output().unwrap().status.success());
    }

    #[test]
    fn a_started_server_tells_its_address_and_its_errors() {
        let server = shell("echo to the log >&2; echo listening on http://127.0.0.1:4711; exec sleep 60");
        assert_eq!(server.url(), "http://127.0.0.1:4711");
        // Two pipes are read by two threads, and one may be behind.
        let told = (0..500).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            !server.stderr().is_empty()
        });
        assert!(told);
        assert_eq!(server.stderr(), "to the log\n");
    }

    #[test]
    fn a_server_is_gone_after_kill_stop_and_drop() {
        let sleeper = "echo listening on http://h; exec sleep 60";
        let (mut killed, mut stopped, dropped) = (shell(sleeper), shell(sleeper), shell(sleeper));
        let pids = [killed.pid(), stopped.pid(), dropped.pid()];
        assert!(pids.into_iter().all(is_alive));
        killed.kill();
        assert!(!stopped.stop().success());
        drop(dropped);
        assert!(!pids.into_iter().any(is_alive));
    }

    #[test]
    fn a_server_that_ends_with_zero_on_sigterm_says_so() {
        let mut server =
            shell("trap 'exit 0' TERM; echo listening on http://h; while :; do sleep 0.05; done");
        assert!(server.stop().success());
    }

    #[test]
    #[should_panic(expected = "no such organization")]
    fn a_server_that_does_not_start_fails_with_its_last_words() {
        shell("echo no such organization >&2; exit 3");
    }

    #[test]
    #[should_panic(expected = "but \"hello\\n\"")]
    fn a_server_that_greets_wrongly_is_refused() {
        shell("echo hello; exec sleep 60");
    }
}
