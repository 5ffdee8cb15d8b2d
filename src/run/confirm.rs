//! `up --confirm`: what `up` changes is put back unless somebody says in time that it is well.
//!
//! Before anything is changed, a process is started that belongs to no session and minds no signal but KILL: it outlives the login
//! that `up` may cut off. It waits until `up` has ended, however that is, and then for so many seconds. While it waits there is
//! a file in `/run/vrf-launch`, which it has locked; to confirm is to remove that file, and whoever removes it has decided.
//! Then it undoes the lines of the record that were not in it before. Where it is killed, what `up` did stays.

use super::{Story, wrong};
use crate::apply::Apply;
use crate::error::{Errno, Error, Exit, What};
use crate::log::{self, Outcome, refused, say};
use crate::record::{self, Owner};
use crate::rules;
use crate::sys::path::Path;
use crate::sys::{OwnedFd, file, process, time};

/// How often it is looked whether the file is still there, milliseconds.
const STEP_MS: u64 = 300;

/// Something that waits to be confirmed, or may.
struct Pending {
    path: Path,
    file: OwnedFd,
}

impl Pending {
    /// Opens or makes the file; and whether nobody else has it.
    #[inline(never)]
    fn open(make: bool) -> Result<(Self, bool), Errno> {
        let mut path = Path::new();
        record::path(crate::apply::namespace()?, b".confirm", &mut path);
        if make {
            let _ = file::mkdir(record::FOLDER); // it is said below if it is not there
        }
        let open = if make { file::open_or_create } else { file::open_read_write };
        let file = open(path.c_str())?;
        let free = match file::try_lock(&file) {
            Err(Errno::EAGAIN) => false,
            other => other.map(|()| true)?,
        };
        Ok((Self { path, file }, free))
    }

    /// Whether the file is still that one.
    fn is_there(&mut self) -> bool {
        let own = file::status(&self.file).map(|(identity, _)| identity);
        file::identity(self.path.c_str()) == own
    }

    /// Removes the file; whether it was still there.
    fn remove(&mut self) -> bool {
        self.is_there() && file::unlink(self.path.c_str()).is_ok()
    }
}

/// Keeps what an `up` did that waits for this.
#[inline(never)]
pub(super) fn confirm() -> Outcome {
    match Pending::open(false) {
        // Where it is not locked, who waited was killed.
        Ok((mut pending, free)) => {
            if pending.remove() && !free {
                return Ok(());
            }
        }
        Err(Errno::ENOENT) => {}
        Err(errno) => return Err(refused("confirm", record::FOLDER.to_bytes(), errno)),
    }
    Err(wrong(What::Nothing, "nothing waits to be confirmed", b""))
}

impl Story<'_> {
    /// As `up`, and what it changed is put back unless it is confirmed within so many seconds.
    #[inline(never)]
    pub(super) fn up_unless(&self, seconds: u32) -> Outcome {
        let failed = |errno| refused("prepare to put back by", record::FOLDER.to_bytes(), errno);
        let (mut pending, free) = Pending::open(true).map_err(failed)?;
        if !free {
            let says = "another up waits to be confirmed";
            return Err(say(&Error { advice: "vrf-launch confirm keeps it", ..Error::usage(What::Nothing, says) }));
        }
        let before = self.recorded()?;
        let (ended, running) = process::pipe().map_err(failed)?;
        if process::fork().map_err(failed)? == 0 {
            drop(running);
            process::exit(i32::from(self.wait(&mut pending, &ended, before, seconds).map_or_else(Exit::code, |()| 0)));
        }
        drop((ended, pending));
        let mut changed = true;
        let outcome = self.change(&mut |story, apply| {
            let outcome = story.up(apply).and(apply.end());
            changed = apply.record.copy() != Ok(before);
            outcome
        });
        if !changed {
            let _ = file::write_all(&running, b"."); // it would find nothing to put back
        } else {
            log::message(&|out| {
                out.str("all of this is put back in ").num(seconds).str(" s, unless: vrf-launch confirm");
            });
        }
        outcome
    }

    /// The record's lines as they are.
    fn recorded(&self) -> Outcome<&'static [u8]> {
        let apply = Apply::open(self.conf, true)?;
        apply.record.copy().map_err(|errno| refused("read", record::FOLDER.to_bytes(), errno))
    }

    /// What the process does that waits.
    #[inline(never)]
    fn wait(&self, pending: &mut Pending, ended: &OwnedFd, before: &'static [u8], seconds: u32) -> Outcome {
        process::new_session();
        let _ = process::swap_signal_mask(u64::MAX); // it minds them then, and waits all the same
        let _ = file::chdir(c"/");
        // Whoever waits for the end of what `up` says must not wait for this.
        log::to_kernel_log();
        if let Ok(null) = file::open_read_write(c"/dev/null") {
            for number in 0..3 {
                let _ = process::duplicate(&null, number);
            }
        }
        if file::read(ended, &mut [0]) == Ok(1) {
            pending.remove();
            return Ok(());
        }
        let end = time::now_ms().saturating_add(u64::from(seconds) * 1000);
        loop {
            let rest = end.saturating_sub(time::now_ms());
            if !pending.is_there() {
                return Ok(());
            }
            if rest == 0 {
                break;
            }
            time::sleep_ms(u32::try_from(rest.min(STEP_MS)).unwrap_or(0));
        }
        if !pending.remove() {
            return Ok(());
        }
        log::alarm(&|out| {
            out.str("not confirmed within ").num(seconds).str(" s: what up did is put back");
        });
        let mut apply = super::open(self.conf, false)?;
        let now = apply.record.copy().map_err(|errno| refused("read", record::FOLDER.to_bytes(), errno))?;
        // What was there before is there still, unless somebody has taken something back since.
        let same = now.iter().zip(before).take_while(|(now, before)| now == before).count();
        let same = now.get(..same).and_then(|same| same.iter().rposition(|byte| *byte == b'\n'));
        // Who was down on purpose is so again.
        let mut end = before.len();
        while let Some((start, owner, line)) = record::line_before(before, end) {
            if line == record::DOWN {
                apply.record.each_down(&mut |name| name == owner.name());
                apply.stay_down(owner.name())?;
            }
            end = start;
        }
        // Where `up` has changed another layout of rules over, that one is gone, and the VRFs from before need the pair.
        let is_changed_over =
            record::any(before, &|owner, line| owner == Owner::Shared && rules::is_of_another_layout(line));
        let undone = apply.undo(same.map_or(0, |newline| newline + 1), &|owner, command| {
            let stays = is_changed_over && rules::is_of_pair(command);
            !stays && !record::contains(before, owner, command)
        });
        undone.and(super::refresh(&[]))
    }
}
