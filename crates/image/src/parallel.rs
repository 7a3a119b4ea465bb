//! Work on several layers at once.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, scope};

use crate::ImageError;
use crate::layer::joined;

/// Does `work` for every job, in order, on up to `threads` threads. The first error ends it: jobs
/// that have begun are finished, no other is begun.
pub(crate) fn in_parallel<T: Sync>(
    threads: usize,
    jobs: &[T],
    work: impl Fn(&T) -> Result<(), ImageError> + Sync,
) -> Result<(), ImageError> {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(None);
    let run = || {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = work(job) {
                next.store(jobs.len(), Ordering::Relaxed);
                if let Ok(mut first) = failed.lock() {
                    first.get_or_insert(error);
                }
            }
        }
    };
    scope(|threads_scope| {
        let others = threads.min(jobs.len()).saturating_sub(1);
        let others: Vec<_> = (0..others)
            .filter_map(|_| {
                Builder::new().name("layer".into()).spawn_scoped(threads_scope, run).ok()
            })
            .collect();
        run();
        others.into_iter().for_each(joined);
    });
    match failed.into_inner() {
        Ok(Some(error)) => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_done_once_and_the_first_error_ends_it() {
        for threads in [0, 1, 3, 64] {
            let done: Vec<AtomicUsize> = (0..20).map(|_| AtomicUsize::new(0)).collect();
            let jobs: Vec<usize> = (0..20).collect();
            in_parallel(threads, &jobs, |&job| {
                done[job].fetch_add(1, Ordering::Relaxed);
                Ok(())
            })
            .unwrap();
            assert!(done.iter().all(|count| count.load(Ordering::Relaxed) == 1));
            let failing = in_parallel(threads, &jobs, |&job| match job {
                5 => Err(ImageError::NotFound { path: "5".into() }),
                _ => Ok(()),
            });
            assert_eq!(failing.unwrap_err().to_string(), "5 does not exist: check the path");
        }
    }
}
