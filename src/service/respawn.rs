//! Whether and when a service that has ended is started again.

/// The exit code by which a service says that it is not to be started again.
pub const DO_NOT: i32 = 125;
/// The longest wait, seconds; a service that has run for as long is taken to have been well.
pub const LONGEST_S: u32 = 60;

/// How long to wait before the next start, seconds; `None`: there is none.
///
/// `policy` is the letter of [`crate::conf::stanzas::Conf::respawn`], `code` what the service ended with, `ran_ms` how long
/// it had run, `waited_s` the wait before that start. The wait doubles from 1 s to a minute.
pub fn wait_s(policy: u8, code: i32, ran_ms: u64, waited_s: u32) -> Option<u32> {
    if code == DO_NOT || policy == b'n' || (policy == b'o' && code == 0) {
        return None;
    }
    let was_well = ran_ms >= u64::from(LONGEST_S) * 1000;
    Some(if was_well { 1 } else { waited_s.saturating_mul(2).clamp(1, LONGEST_S) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_minute() {
        let mut waits = [0; 9];
        let mut last = 0;
        for wait in &mut waits {
            last = wait_s(b'y', 1, 10, last).unwrap_or(u32::MAX);
            *wait = last;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(wait_s(b'y', 1, 60_000, 60), Some(1), "after a minute that went well");
    }

    #[test]
    fn the_policy_and_exit_code_125_decide() {
        assert_eq!([wait_s(b'y', 0, 0, 0), wait_s(b'o', 1, 0, 0), wait_s(b'o', 137, 0, 0)], [Some(1); 3]);
        assert_eq!([wait_s(b'n', 1, 0, 0), wait_s(b'o', 0, 0, 0), wait_s(b'y', 125, 0, 0)], [None; 3]);
    }
}
