//! Judges the rules of a family, in the order in which the kernel walks them.
//!
//! A socket of a VRF is kept in when the first rules that it meets are `l3mdev`, which leads to the VRF's table, and
//! `l3mdev unreachable`, at which the search ends: nothing else before that, and table local behind it.

use crate::text::Buf;
use crate::uapi;
use crate::wire::attr::Attrs;
use crate::wire::rule::{ACTION, FIXED, FLAGS, TABLE};

/// What has been seen of a family's rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// VRFs' tables are looked up.
    looks_up: bool,
    /// What they do not know is unreachable.
    stops: bool,
    /// Table local is there.
    local: bool,
}

/// What a rule does.
struct Rule<'a> {
    pref: u32,
    table: u32,
    action: u8,
    l3mdev: bool,
    /// Every packet meets it.
    plain: bool,
    /// It is about packets that come in by this interface.
    iif: &'a [u8],
}

#[inline(never)]
fn parse(body: &[u8]) -> Option<Rule<'_>> {
    let (&[_, to, from, tos, ..], rest) = body.split_first_chunk::<FIXED>()?;
    let flags = u32::from_ne_bytes(*body.get(FLAGS..)?.first_chunk()?);
    let mut rule = Rule {
        pref: 0,
        table: (*body.get(TABLE)?).into(),
        action: *body.get(ACTION)?,
        l3mdev: false,
        plain: to | from | tos == 0 && flags & uapi::FIB_RULE_INVERT == 0,
        iif: b"",
    };
    for attr in Attrs::new(rest) {
        match attr.kind {
            uapi::FRA_PRIORITY => rule.pref = attr.u32()?,
            uapi::FRA_TABLE => rule.table = attr.u32()?,
            uapi::FRA_L3MDEV => rule.l3mdev = attr.u8() == Some(1),
            uapi::FRA_PROTOCOL | uapi::FRA_PAD => {}
            uapi::FRA_SUPPRESS_PREFIXLEN if attr.u32() == Some(u32::MAX) => {} // none
            uapi::FRA_IIFNAME => {
                rule.iif = attr.str();
                rule.plain = false;
            }
            _ => rule.plain = false,
        }
    }
    Some(rule)
}

impl Walk {
    /// Takes the next rule in: adds it to `line`, and says in `fault` what is wrong with it, if something is.
    #[inline(never)]
    pub fn take(&mut self, body: &[u8], line: &mut Buf<'_>, fault: &mut Buf<'_>) {
        let Some(rule) = parse(body) else { return };
        if !line.is_empty() {
            line.str(", ");
        }
        let start = line.len();
        line.num(rule.pref).str(if rule.l3mdev { " l3mdev" } else { "" });
        let looks_up = rule.action == uapi::FR_ACT_TO_TBL;
        match rule.action {
            uapi::FR_ACT_TO_TBL if rule.l3mdev => {}
            uapi::FR_ACT_TO_TBL => {
                match rule.table {
                    uapi::RT_TABLE_LOCAL => line.str(" local"),
                    uapi::RT_TABLE_MAIN => line.str(" main"),
                    253 => line.str(" default"),
                    table => line.str(" table ").num(table),
                };
            }
            uapi::FR_ACT_GOTO => {
                line.str(" goto");
            }
            uapi::FR_ACT_NOP => {
                line.str(" nop");
            }
            _ => {
                line.str(" unreachable");
            }
        }
        if !rule.plain {
            line.str(" (for some)");
        }
        let passes = looks_up || rule.action == uapi::FR_ACT_GOTO;
        if rule.plain && rule.l3mdev {
            self.looks_up |= looks_up;
            self.stops |= !passes && rule.action != uapi::FR_ACT_NOP;
            return;
        }
        let is_local = looks_up && rule.plain && rule.table == uapi::RT_TABLE_LOCAL;
        self.local |= is_local;
        // What comes in by another interface than lo was not sent from here.
        let of_others = !rule.iif.is_empty() && rule.iif != b"lo";
        if !passes || self.stops || of_others {
            return;
        }
        let shown = line.as_bytes().get(start..).unwrap_or_default();
        fault.bytes(shown).str(if is_local && rule.pref == 0 {
            ": local stands at 0, and has to be behind 2000, at 32765; vrf-launch up moves it\n"
        } else if self.looks_up {
            ": stands before l3mdev unreachable: what the VRF's table does not know goes out by it\n"
        } else {
            ": stands before l3mdev: it is asked before the VRF's table\n"
        });
    }

    /// Says in `fault` what is missing, when all have been taken in.
    #[inline(never)]
    pub fn end(&self, fault: &mut Buf<'_>) {
        for (is_there, says) in [
            (self.looks_up, "1000 l3mdev is missing: VRFs' tables are not looked up\n"),
            (
                self.stops,
                "2000 l3mdev unreachable is missing: what the VRF's table does not know goes out by the next rules\n",
            ),
            (self.local, "32765 local is missing: connections to this machine fail\n"),
        ] {
            if !is_there {
                fault.str(says);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::msg::Writer;
    use crate::wire::rule::Rule;

    fn judge(rules: &[Rule<'_>]) -> (String, String) {
        let (mut room, mut other) = ([0; 512], [0; 512]);
        let (mut line, mut fault) = (Buf::new(&mut room), Buf::new(&mut other));
        let mut walk = Walk::default();
        for rule in rules {
            let mut bytes = [0; 128];
            let mut writer = Writer::new(&mut bytes);
            rule.put(&mut writer);
            walk.take(writer.bytes(), &mut line, &mut fault);
        }
        walk.end(&mut fault);
        let text = |buf: &Buf<'_>| String::from_utf8_lossy(buf.as_bytes()).into_owned();
        (text(&line), text(&fault))
    }

    const fn rule(pref: u32, l3mdev: bool, action: u8, table: u32) -> Rule<'static> {
        Rule {
            family: 2,
            action,
            table,
            priority: Some(pref),
            l3mdev,
            src: None,
            dst: None,
            iif: None,
            oif: None,
            fwmark: None,
            fwmask: None,
            flags: 0,
            protocol: None,
            suppress_prefixlen: None,
            tos: 0,
            other: false,
        }
    }
    const LOOK_UP: Rule<'_> = rule(1000, true, uapi::FR_ACT_TO_TBL, 0);
    const STOP: Rule<'_> = rule(2000, true, uapi::FR_ACT_UNREACHABLE, 0);
    const LOCAL: Rule<'_> = rule(32765, false, uapi::FR_ACT_TO_TBL, uapi::RT_TABLE_LOCAL);
    const MAIN: Rule<'_> = rule(32766, false, uapi::FR_ACT_TO_TBL, uapi::RT_TABLE_MAIN);

    #[test]
    fn the_order_that_isolates_has_no_fault() {
        assert_eq!(
            judge(&[LOOK_UP, STOP, LOCAL, MAIN]),
            ("1000 l3mdev, 2000 l3mdev unreachable, 32765 local, 32766 main".to_owned(), String::new())
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        assert!(judge(&[LOOK_UP, LOCAL, MAIN]).1.contains("2000 l3mdev unreachable is missing"));
        assert!(judge(&[STOP, LOCAL, MAIN]).1.starts_with("1000 l3mdev is missing"));
        assert!(judge(&[LOOK_UP, STOP, MAIN]).1.starts_with("32765 local is missing"));
    }

    #[test]
    fn what_stands_before_the_end_is_named() {
        let first = Rule { priority: Some(0), ..LOCAL };
        assert!(judge(&[first, LOOK_UP, STOP, MAIN]).1.starts_with("0 local: local stands at 0"));
        let early = Rule { priority: Some(1500), ..MAIN };
        assert!(judge(&[LOOK_UP, early, STOP, LOCAL]).1.starts_with("1500 main: stands before l3mdev unreachable"));
        let some = Rule { priority: Some(10), fwmark: Some(1), ..MAIN };
        assert!(judge(&[some, LOOK_UP, STOP, LOCAL]).1.starts_with("10 main (for some): stands before l3mdev:"));
    }

    #[test]
    fn what_lets_nothing_out_is_no_fault() {
        let of_others = Rule { priority: Some(10), iif: Some(b"eth0"), ..MAIN };
        let stops = Rule { priority: Some(11), oif: Some(b"eth0"), ..rule(11, false, uapi::FR_ACT_PROHIBIT, 0) };
        assert_eq!(judge(&[of_others, stops, LOOK_UP, STOP, LOCAL]).1, "");
        let own = Rule { iif: Some(b"lo"), ..of_others };
        assert_ne!(judge(&[own, LOOK_UP, STOP, LOCAL]).1, "");
        // One that is only for some does not keep the others in.
        let half = Rule { fwmark: Some(1), ..STOP };
        assert!(judge(&[LOOK_UP, half, LOCAL]).1.contains("2000 l3mdev unreachable is missing"));
    }
}
