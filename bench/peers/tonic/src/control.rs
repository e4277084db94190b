//! The control line of a server under test, as ../../control.ts describes it.

use std::fs::{File, read_to_string};
use std::io::{BufRead, Write, stdin};
use std::mem::zeroed;
use std::os::fd::FromRawFd;

/// Answers commands on a thread of its own, until standard input ends.
pub fn serve(port: u16) {
    std::thread::spawn(move || {
        // SAFETY: the benchmark opens descriptor 3 for this line alone.
        let mut answers = unsafe { File::from_raw_fd(3) };
        writeln!(answers, "{{\"port\":{port}}}").expect("the benchmark reads");
        for _ in stdin().lock().lines() {
            let (cpu, rss) = (cpu_micros(), rss_bytes());
            writeln!(answers, "{{\"cpuUs\":{cpu},\"rssBytes\":{rss}}}").expect("the benchmark reads");
        }
        std::process::exit(0);
    });
}

fn cpu_micros() -> i64 {
    // SAFETY: getrusage fills the whole struct.
    let usage = unsafe {
        let mut usage: libc::rusage = zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    [usage.ru_utime, usage.ru_stime].iter().map(|time| time.tv_sec * 1_000_000 + time.tv_usec).sum()
}

fn rss_bytes() -> i64 {
    let text = read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: i64 = text.split(' ').nth(1).and_then(|field| field.parse().ok()).unwrap_or(0);
    // SAFETY: a name that every system knows.
    pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) }
}
