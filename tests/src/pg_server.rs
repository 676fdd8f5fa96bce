//! A PostgreSQL server of a test's own, for tests in which the database dies and comes back.
//!
//! It takes about a second to make; a test that only needs a database takes [`TestPg`](crate::pg::TestPg). It runs as
//! user `postgres` where the tests run as root, for PostgreSQL refuses root. Like the one of `tests/run` it listens on
//! 127.0.0.1 only, trusts everybody there, and syncs every commit to disk.
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::pg::programs;

/// Longest wait for a start, which after a crash includes recovery.
const START_SECONDS_MAX: u64 = 60;
/// Another process may take a free port before the server does.
const ATTEMPTS_MAX: u32 = 10;

/// A running server, or one that crashed and can be started again. Stopped, and its folder removed, when dropped.
#[derive(Debug)]
pub struct PgServer {
    folder: TempDir,
    port: u16,
    process: Option<Child>,
    options: Vec<String>,
}

impl PgServer {
    /// Makes an empty server on a free port and waits until it is ready.
    ///
    /// # Panics
    /// If PostgreSQL is not where `ROLLBOOK_TEST_PG_BIN` says, or does not start; the message holds its log.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with a certificate and its key, from files; it then speaks TLS with whoever wants it.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn start_with_tls(certificate: &Path, key: &Path) -> Self {
        Self::start_with(&[("ssl_cert_file", certificate), ("ssl_key_file", key)])
    }

    fn start_with(files: &[(&str, &Path)]) -> Self {
        let folder =
            tempfile::Builder::new().prefix("rollbook-pg-").tempdir().expect("there is room for a folder");
        if is_root() {
            run(Command::new("chown").arg("postgres:").arg(folder.path()));
        }
        let mut server = Self { folder, port: free_port(), process: None, options: Vec::new() };
        let options =
            ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
        run(server.program("initdb").arg("--pgdata").arg(server.data()).args(options));
        for (setting, file) in files {
            server.lend(setting, file);
        }
        for _ in 1..ATTEMPTS_MAX {
            if server.try_start() {
                return server;
            }
            server.port = free_port();
        }
        server.start_again();
        server
    }

    /// `postgres://…` of its database `postgres`, for the superuser. The same before and after a crash.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Ends it as a crash does: at once, with every transaction where it is and no checkpoint. It recovers from its
    /// write-ahead log when it is started again.
    pub fn crash(&mut self) {
        if let Some(mut process) = self.process.take() {
            // PostgreSQL's immediate shutdown. SIGKILL would leave its children to notice for themselves.
            run(Command::new("sh").args(["-c", &format!("kill -QUIT {}", process.id())]));
            process.wait().expect("a parent may wait for its child");
        }
    }

    /// Starts it again on the same port with the same data, and waits until it is ready.
    ///
    /// # Panics
    /// If it does not start; the message holds its log.
    pub fn start_again(&mut self) {
        assert!(self.try_start(), "PostgreSQL does not start on port {}:\n{}", self.port, self.log());
    }

    /// A copy of `file` that only the server may read, as it demands of a key, and the setting that names it.
    fn lend(&mut self, setting: &str, file: &Path) {
        let copy = self.folder.path().join(setting);
        fs::copy(file, &copy).expect("the file is there");
        run(Command::new("chmod").arg("600").arg(&copy));
        if is_root() {
            run(Command::new("chown").arg("postgres:").arg(&copy));
        }
        self.options.extend(["ssl=on".to_owned(), format!("{setting}={}", copy.display())]);
    }

    /// Starts the process and waits until it says it is ready; false if it ends or takes too long.
    fn try_start(&mut self) -> bool {
        let log =
            File::options().create(true).append(true).open(self.log_file()).expect("its folder takes a log");
        let options = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=on", "timezone=UTC"];
        let port = format!("port={}", self.port);
        let mut command = self.program("postgres");
        command
            .arg("-D")
            .arg(self.data())
            .args(options.into_iter().chain([port.as_str()]).flat_map(|it| ["-c", it]));
        command.args(self.options.iter().flat_map(|it| ["-c", it.as_str()]));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.process = Some(command.spawn().expect("postgres can be run"));
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(START_SECONDS_MAX) && self.is_running() {
            if self.says_ready() {
                return true;
            }
            thread::sleep(Duration::from_millis(20));
        }
        self.crash_if_running();
        false
    }

    /// Its own word for it: a port that answers could be somebody else's.
    fn says_ready(&self) -> bool {
        let status = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let mut lines = status.lines();
        let ours = self.process.as_ref().map(|process| process.id().to_string());
        lines.next().map(str::to_owned) == ours && lines.any(|line| line.trim_end() == "ready")
    }

    fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| matches!(process.try_wait(), Ok(None)))
    }

    fn crash_if_running(&mut self) {
        if self.is_running() {
            self.crash();
        }
        self.process = None;
    }

    /// One of PostgreSQL's programs, as a user that it accepts, in a folder that this user may read.
    fn program(&self, name: &str) -> Command {
        let path = programs().join(name);
        let mut command = Command::new("setpriv");
        if is_root() {
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
        }
        command.arg(path).current_dir(self.folder.path());
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }
}

impl Drop for PgServer {
    fn drop(&mut self) {
        self.crash_if_running();
    }
}

/// A process belongs to whoever owns its folder in /proc.
fn is_root() -> bool {
    fs::metadata(Path::new("/proc/self")).is_ok_and(|me| me.uid() == 0)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("the system has this program");
    assert!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
}

#[cfg(test)]
mod tests {
    //! One crash, and what was committed before it is there after it.
    use sqlx::{Connection, PgConnection};

    use super::PgServer;

    #[tokio::test]
    async fn a_server_of_ones_own_dies_and_comes_back_with_what_was_committed() {
        let mut server = PgServer::start();
        let mut connection = PgConnection::connect(&server.url()).await.unwrap();
        sqlx::raw_sql("CREATE TABLE kept ()").execute(&mut connection).await.unwrap();
        server.crash();
        assert!(PgConnection::connect(&server.url()).await.is_err());
        assert!(sqlx::raw_sql("SELECT FROM kept").execute(&mut connection).await.is_err());

        server.start_again();
        let mut connection = PgConnection::connect(&server.url()).await.unwrap();
        sqlx::raw_sql("SELECT FROM kept").execute(&mut connection).await.unwrap();
    }
}
