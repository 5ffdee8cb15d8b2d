//! Users and groups, from /etc/passwd and /etc/group.
//!
//! Source: passwd(5) `name:password:uid:gid:gecos:home:shell`, group(5) `name:password:gid:member,member`.

use crate::bytes::before;
use crate::conf::lines::Lines;
use crate::conf::values;
use crate::error::{Errno, Error, What};
use crate::load;
use crate::log::{Outcome, refused, say};
use crate::sys::args::Made;
use crate::sys::mem::List;
use crate::sys::process;

const PASSWD: &core::ffi::CStr = c"/etc/passwd";
const GROUP: &core::ffi::CStr = c"/etc/group";
// The fields that are looked at.
const NAME: usize = 0;
const NUMBER: usize = 2;
const PRIMARY: usize = 3;
const MEMBERS: usize = 3;
const HOME: usize = 5;
const SHELL: usize = 6;

/// Makes this process one of the user `NAME[:GROUP]`, each a name or a number, and says so in its environment (HOME, USER,
/// LOGNAME, SHELL).
///
/// Its groups are those that the files give to the user; where GROUP is named, that one and no other.
#[inline(never)]
pub fn switch(spec: &[u8], environment: &mut Made) -> Outcome {
    let name = before(spec, b':');
    let group = spec.get(name.len() + 1..);
    let wrong = |says| say(&Error::usage(What::Word(b"user", spec), says));
    let accounts = read(PASSWD)?;
    let account = entry(accounts, name);
    let user = number(account, NUMBER).or_else(|| id(name)).ok_or_else(|| wrong("no such user"))?;
    let mut groups = List::new();
    let primary = match group {
        Some(group) => number(entry(read(GROUP)?, group), NUMBER).or_else(|| id(group)),
        None => number(account, PRIMARY),
    };
    let Some(primary) = primary else {
        return Err(wrong(if group.is_some() { "no such group" } else { "not in /etc/passwd: say NAME:GROUP" }));
    };
    let mut kept = groups.push(primary);
    if group.is_none() {
        let name = field(account, NAME);
        for line in Lines::new(read(GROUP)?) {
            let mut members = Some(field(line.body, MEMBERS));
            while let Some(all) = members {
                let member = before(all, b',');
                members = all.get(member.len() + 1..);
                if member == name {
                    let number = number(line.body, NUMBER).unwrap_or(primary);
                    kept = kept.and(groups.push(number));
                }
            }
        }
    }
    kept.and_then(|()| process::become_user(user, primary, groups.as_slice()))
        .map_err(|errno| refused("become user", spec, errno))?;

    let name = if account.is_empty() { name } else { field(account, NAME) };
    let or = |value, default| if field(account, value).is_empty() { default } else { field(account, value) };
    environment.set_made(b"HOME=", or(HOME, b"/"));
    environment.set_made(b"USER=", name);
    environment.set_made(b"LOGNAME=", name);
    environment.set_made(b"SHELL=", or(SHELL, b"/bin/sh"));
    Ok(())
}

/// The accounts of this machine.
pub fn accounts() -> &'static [u8] {
    read(PASSWD).unwrap_or_default()
}

/// The name of the user of that number among accounts; empty where there is none.
pub fn name_of<'a>(accounts: &'a [u8], user: &[u8]) -> &'a [u8] {
    let account = entry(accounts, user);
    if field(account, NUMBER) == user { field(account, NAME) } else { b"" }
}

/// A whole file; one that is not there has nothing in it.
fn read(path: &core::ffi::CStr) -> Outcome<&'static [u8]> {
    match load::read(path) {
        Ok(text) => Ok(text),
        Err(Errno::ENOENT) => Ok(b""),
        Err(errno) => Err(refused("read", path.to_bytes(), errno)),
    }
}

/// The line of that name; where there is none, of that number; else nothing.
#[inline(never)]
pub fn entry<'t>(text: &'t [u8], name: &[u8]) -> &'t [u8] {
    for which in [NAME, NUMBER] {
        for line in Lines::new(text) {
            if field(line.body, which) == name && !name.is_empty() {
                return line.body;
            }
        }
    }
    b""
}

/// The `n`th field of a line, from 0; empty where there are fewer.
#[inline(never)]
pub fn field(line: &[u8], n: usize) -> &[u8] {
    let mut rest = line;
    for _ in 0..n {
        rest = rest.get(before(rest, b':').len() + 1..).unwrap_or_default();
    }
    before(rest, b':')
}

/// The `n`th field as a number.
pub fn number(line: &[u8], n: usize) -> Option<u32> {
    id(field(line, n))
}

/// A number of a user or a group. The largest is none: to the kernel it means that nothing is to change.
fn id(word: &[u8]) -> Option<u32> {
    values::u32_(word).ok().filter(|number| *number != u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"root:x:0:0:root:/root:/bin/sh\n1000:x:5:6\nweb:x:1000:7::/srv:\n";

    #[test]
    fn a_name_comes_before_a_number() {
        assert_eq!(number(entry(TEXT, b"1000"), NUMBER), Some(5));
        assert_eq!(field(entry(TEXT, b"0"), HOME), b"/root");
        for none in [&b""[..], b"x", b"roo", b"root:x"] {
            assert_eq!(entry(TEXT, none), b"");
        }
    }

    #[test]
    fn a_field_that_is_not_there_is_empty() {
        let line = entry(TEXT, b"web");
        assert_eq!((field(line, HOME), field(line, SHELL), field(line, 9)), (&b"/srv"[..], &b""[..], &b""[..]));
        assert_eq!(number(line, PRIMARY), Some(7));
        assert_eq!([id(b"4294967294"), id(b"4294967295"), id(b"-1"), id(b"")], [Some(u32::MAX - 1), None, None, None]);
    }
}
