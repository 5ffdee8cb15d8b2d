//! Rules: the pair that isolates comes first and goes again; table local is never without a rule; a rule without a preference is made once.
//!
//! What has to stand where is [`crate::rules`]'s to say. Here the kernel is asked and told.

use super::{Apply, Asked, QUESTION};
use crate::error::{Errno, Error, What, Why};
use crate::ip::{self, Class, Request};
use crate::limits;
use crate::log::{self, Outcome, refused};
use crate::record::Owner;
use crate::rtnl::Bodies;
use crate::rules::{self, FAMILIES, First, Order, Pair};
use crate::sys::mem::List;
use crate::sys::{OwnedFd, file, time};
use crate::text::Buf;
use crate::uapi;
use crate::wire::msg::Writer;
use crate::wire::rule::{self, Rule};

/// What the kernel told of a family's rules; `None` where it has no such family.
type Told = Option<List<u8>>;

/// Keeps other processes of this program from changing the rules of this network namespace, for as long as it lives.
///
/// The kernel deletes whichever rule comes first of those that are equal. Two processes that each delete the same original would
/// delete its copy, too, and table local would be gone. The lock of the record does not prevent that: /run may be read-only, or
/// another one in another container of the same network.
///
/// `None` where there is no /proc, or where somebody else keeps the lock: any user of the namespace can take it, and nobody is
/// to keep a machine from coming up.
fn lock_namespace() -> Option<OwnedFd> {
    const TRIES: usize = 500;
    const PAUSE_MS: u32 = 10;
    let namespace = file::open(c"/proc/self/ns/net").ok()?;
    for _ in 0..TRIES {
        match file::try_lock(&namespace) {
            Ok(()) => return Some(namespace),
            Err(Errno::EAGAIN) => time::sleep_ms(PAUSE_MS),
            Err(_) => return None,
        }
    }
    None
}

/// The rules of a preference.
fn at(pref: u32, told: &List<u8>) -> Outcome<List<First<'_>>> {
    let mut list = List::new();
    for rule in Bodies::of(told).filter_map(|body| First::parse(pref, body)) {
        list.push(rule).map_err(|errno| refused("list", b"rules", errno))?;
    }
    Ok(list)
}

/// The rules of preference 0.
fn first(told: &List<u8>) -> Outcome<List<First<'_>>> {
    at(0, told)
}

impl Apply {
    /// Asks for the rules of a family, after all that was asked for so far has been done.
    fn rules_of(&mut self, family: u8) -> Outcome<Told> {
        self.flush()?;
        let mut room = [0; QUESTION];
        let mut question = Writer::new(&mut room);
        Rule { family, ..Rule::EMPTY }.put(&mut question);
        match self.rtnl.dump_all(uapi::RTM_GETRULE, question.bytes()) {
            Ok(told) => Ok(Some(told)),
            Err(Errno::EAFNOSUPPORT) => Ok(None),
            Err(errno) => Err(refused("list", b"rules", errno)),
        }
    }

    // ---- the pair

    /// Sees to it that the pair stands first in both families; what an older version has made instead is taken back. `at`
    /// is the line that asks for it.
    pub fn rules_first(&mut self, at: u32) -> Outcome {
        let asked = Asked { at: Some(at), implied: true };
        for family in FAMILIES {
            self.pair_first(family, asked)?;
        }
        if self.is_dry() {
            return Ok(());
        }
        // Table local is asked first again, so that its rule at 32765 can go.
        self.undo_shared(&rules::is_of_another_layout)
    }

    /// Takes the pair back where the layout is the file's.
    pub fn rules_as_in_file(&mut self) -> Outcome {
        if self.is_dry() { Ok(()) } else { self.undo_shared(&rules::is_of_pair) }
    }

    /// Writes the pair down as made: `down` has no record to go by.
    pub fn claim_pair(&mut self) -> Outcome {
        for family in FAMILIES {
            self.record_pair(family, &|_| true)?;
        }
        Ok(())
    }

    /// Whether a rule is there that is neither the kernel's nor one that isolates. What cannot be read has none.
    pub fn has_rules_of_others(&mut self) -> bool {
        let mut found = false;
        let dumped = self.rtnl.dump(uapi::RTM_GETRULE, &[0; rule::FIXED], &mut |entry| {
            let of_ip = |rule: &Rule<'_>| FAMILIES.contains(&rule.family);
            found |= entry.and_then(Rule::parse).filter(of_ip).is_some_and(|rule| rules::is_of_others(&rule));
        });
        found && dumped.is_ok()
    }

    fn undo_shared(&mut self, which: &dyn Fn(&[u8]) -> bool) -> Outcome {
        if !self.record.has(&|owner, line| owner == Owner::Shared && which(line)) {
            return Ok(());
        }
        self.undo(0, &|owner, line| owner == Owner::Shared && which(line))
    }

    /// Writes down as ours what of the pair is to be made.
    fn record_pair(&mut self, family: u8, is_made: &dyn Fn(Pair) -> bool) -> Outcome {
        for pair in Pair::BOTH.into_iter().filter(|pair| is_made(*pair)) {
            let undo = pair.taken_back_by(family);
            if !self.record.has(&|owner, line| owner == Owner::Shared && line == undo) {
                self.record.add(Owner::Shared, undo).map_err(Self::unrecorded)?;
            }
        }
        Ok(())
    }

    fn pair_first(&mut self, family: u8, asked: Asked) -> Outcome {
        /// How often somebody else may change rules meanwhile.
        const ROUNDS: usize = 8;
        let mut lock = None;
        for _ in 0..ROUNDS {
            let Some(told) = self.rules_of(family)? else { return Ok(()) };
            let first = first(&told)?;
            let moved = rules::local_made_by(family);
            let restore = self.record.has(&|owner, line| owner == Owner::Shared && line == moved);
            let order = Order::new(first.as_slice(), restore);
            if order.stands() {
                return Ok(());
            }
            if self.is_dry() {
                return self.would_arrange(family, &order, asked);
            }
            if lock.is_none() {
                // Another process may have changed them until it let go of the lock.
                lock = Some(lock_namespace());
                continue;
            }
            // Written down before it is made.
            self.record_pair(family, &|pair| !order.has(pair))?;
            self.record.save().map_err(Self::unrecorded)?;
            self.arrange(family, &order, asked)?;
        }
        self.fail(Pair::Lookup.made_by(family), asked, Why::Errno(Errno::EBUSY), b"")
    }

    /// As [`Self::arrange_at`], at preference 0.
    fn arrange(&mut self, family: u8, order: &Order<'_>, asked: Asked) -> Outcome {
        self.arrange_at(0, family, order, asked)
    }

    /// Adds what is missing of the target behind all of its preference, and deletes what stood before it.
    fn arrange_at(&mut self, pref: u32, family: u8, order: &Order<'_>, asked: Asked) -> Outcome {
        let mut target = List::new();
        for rule in order.target() {
            target.push(rule).map_err(|errno| refused("list", b"rules", errno))?;
        }
        let target = target.as_slice();
        for rule in target.get(order.added()..).unwrap_or_default() {
            // One of the pair that is there already was made by another process meanwhile. A copy stands beside what it is of.
            let once = if matches!(rule, First::Pair(pair) if !order.has(*pair)) { uapi::NLM_F_EXCL } else { 0 };
            self.queue_rule(uapi::RTM_NEWRULE, uapi::NLM_F_CREATE | once, family, rule, asked)?;
        }
        // Nothing is deleted before all of the target is there.
        self.send_rules(family, asked)?;
        // One after the other: the kernel may delete another of them than was named, one that says more.
        for _ in 0..order.count() {
            let Some(told) = self.rules_of(family)? else { break };
            let now = at(pref, &told)?;
            let Some(old) = Order::new(now.as_slice(), false).old(target) else { break };
            let Some(rule) = rules::last(old, target) else { break };
            self.queue_rule(uapi::RTM_DELRULE, 0, family, &rule, asked)?;
            self.send_rules(family, asked)?;
        }
        // Without a record there is no lock: another process may have deleted the last rule for table local meanwhile.
        let Some(told) = self.rules_of(family)? else { return Ok(()) };
        let is_local = |rule: &First<'_>| rule.is(&First::Local);
        if target.iter().any(is_local) && !first(&told)?.as_slice().iter().any(is_local) {
            self.queue_rule(uapi::RTM_NEWRULE, uapi::NLM_F_CREATE | uapi::NLM_F_EXCL, family, &First::Local, asked)?;
            self.send_rules(family, asked)?;
        }
        Ok(())
    }

    /// Adds a request about a rule of preference 0 to the batch.
    fn queue_rule(&mut self, kind: u16, flags: u16, family: u8, rule: &First<'_>, asked: Asked) -> Outcome {
        let mut room = [0; limits::REQUEST];
        let mut body = Writer::new(&mut room);
        rule.put(family, &mut body);
        if body.finish().is_none() {
            return Err(refused("copy", b"a rule of preference 0", Errno::ENOBUFS));
        }
        if !self.rtnl.push(kind, flags, body.bytes()) {
            self.send_rules(family, asked)?;
            if !self.rtnl.push(kind, flags, body.bytes()) {
                return Err(refused("copy", b"a rule of preference 0", Errno::ENOBUFS));
            }
        }
        self.changed = true;
        Ok(())
    }

    /// Sends requests about rules of preference 0; what another process has done meanwhile is no error.
    fn send_rules(&mut self, family: u8, asked: Asked) -> Outcome {
        if self.rtnl.pending() == 0 {
            return Ok(()); // the kernel refuses a message without a byte
        }
        let mut failed = None;
        let sent = self.rtnl.flush(&mut |_, errno| {
            let is_failure = !matches!(errno, Errno(0) | Errno::EEXIST | Errno::ENOENT) && failed.is_none();
            if is_failure {
                failed = Some(errno);
            }
            is_failure
        });
        let command = Pair::Lookup.made_by(family);
        match failed {
            Some(errno) => self.fail_asking(command, asked, errno),
            None => sent.map_err(|errno| refused("talk to", b"rtnetlink", errno)),
        }?;
        log::done("", command);
        Ok(())
    }

    /// As [`Self::arrange`], in a dry run.
    fn would_arrange(&mut self, family: u8, order: &Order<'_>, asked: Asked) -> Outcome {
        let mut done = Ok(());
        order.each_command(family, &mut |command| {
            if done.is_ok() {
                done = self.would(command, asked);
            }
        });
        done
    }

    // ---- rules of the file and of the record

    /// Before a rule is deleted. True where there is nothing to delete.
    ///
    /// Where the rule leads to table local, the machine must know another way there, or it does not know its own addresses.
    pub(super) fn rule_del(
        &mut self,
        command: &[u8],
        request: &Request<'_>,
        body: &[u8],
        asked: Asked,
    ) -> Outcome<bool> {
        let Some(wanted) = Rule::parse(body) else { return Ok(false) };
        if wanted.l3mdev && request.pref == Some(0) {
            return self.is_without(&wanted, asked);
        }
        let is_local = |rule: &Rule<'_>| {
            let bare = Rule { priority: None, protocol: None, action: 0, flags: 0, ..*rule };
            let leads = matches!(rule.action, 0 | uapi::FR_ACT_TO_TBL) && rule.flags & uapi::FIB_RULE_INVERT == 0;
            leads && bare == Rule { family: rule.family, table: uapi::RT_TABLE_LOCAL, ..Rule::EMPTY }
        };
        if !is_local(&wanted) {
            return if self.undoing { self.take_out(&wanted, asked) } else { Ok(false) };
        }
        let Some(told) = self.rules_of(request.family)? else { return Ok(true) };
        let (mut here, mut all) = (0, 0);
        for rule in Bodies::of(&told).filter_map(Rule::parse).filter(is_local) {
            all += 1;
            here += u32::from(request.pref.is_none_or(|pref| pref == rule.pref()));
        }
        if here > 0 && all == 1 {
            let advice = "add another before: ip -4 rule add pref 32765 table local, and the same with -6";
            let why = Why::Says("it is the only rule that leads to table local");
            let error = Error::system(What::Command(command), Errno::EPROTO);
            return self.say(asked, &Error { why, advice, ..error }).map(|()| true);
        }
        Ok(here == 0)
    }

    /// Before a rule of ours is taken back: true where it is not there, or has been taken out already.
    ///
    /// The kernel deletes the first rule that has what a request says, and that may be another's that says more. Then all
    /// rules of the preference but ours are copied behind it, and the originals are deleted.
    fn take_out(&mut self, wanted: &Rule<'_>, asked: Asked) -> Outcome<bool> {
        let action = if wanted.action == 0 { uapi::FR_ACT_TO_TBL } else { wanted.action };
        let mut room = [0; limits::REQUEST];
        let mut body = Writer::new(&mut room);
        Rule { action, ..*wanted }.put(&mut body);
        let Some(told) = self.rules_of(wanted.family)? else { return Ok(true) };
        let find = |class| Bodies::of(&told).find(|entry| ip::stands(body.bytes(), class, entry) == Some(true));
        let Some(ours) = find(Class::RuleAdd) else { return Ok(true) };
        if find(Class::RuleDel) == Some(ours) {
            return Ok(false);
        }
        let pref = Rule::parse(ours).map_or(0, |rule| rule.pref());
        let now = at(pref, &told)?;
        let _lock = lock_namespace();
        let order = Order::without(now.as_slice(), First::Other(ours));
        self.arrange_at(pref, wanted.family, &order, asked)?;
        Ok(true)
    }

    /// Gives the machine its rule for table local back, in front of those that others have at preference 0.
    pub(super) fn local_first(&mut self, family: u8, asked: Asked) -> Outcome {
        let _lock = lock_namespace();
        let Some(told) = self.rules_of(family)? else { return Ok(()) };
        let first = first(&told)?;
        let order = Order::of_local(first.as_slice());
        if order.stands() { Ok(()) } else { self.arrange(family, &order, asked) }
    }

    /// Whether a rule of the pair is not at preference 0: a deletion would take another rule then. What an interrupted `up` has
    /// left is finished before, so that no copy of another's rule stays.
    fn is_without(&mut self, wanted: &Rule<'_>, asked: Asked) -> Outcome<bool> {
        let which = if wanted.action == uapi::FR_ACT_UNREACHABLE { Pair::Stop } else { Pair::Lookup };
        let Some(told) = self.rules_of(wanted.family)? else { return Ok(true) };
        let first = first(&told)?;
        let order = Order::new(first.as_slice(), false);
        if order.has(Pair::Lookup) && order.has(Pair::Stop) && !order.stands() {
            let _lock = lock_namespace();
            let Some(told) = self.rules_of(wanted.family)? else { return Ok(true) };
            let first = self::first(&told)?;
            let order = Order::new(first.as_slice(), false);
            if order.has(Pair::Lookup) && order.has(Pair::Stop) && !order.stands() {
                self.arrange(wanted.family, &order, asked)?;
            }
            return Ok(!order.has(which));
        }
        Ok(!order.has(which))
    }

    /// Writes down that the interface at hand needs, too, what a line of another one takes back: it goes with the last of them.
    fn share_line(&mut self, undo: &[u8]) -> Outcome {
        let own = Owner::Iface(self.owner);
        let is_ours = self.record.has(&|owner, line| line == undo && owner != own);
        if self.is_dry() || !is_ours || self.record.has(&|owner, line| line == undo && owner == own) {
            return Ok(());
        }
        self.record.add(own, undo).map_err(Self::unrecorded)
    }

    /// Before a rule without a preference is added: true where it is there, at whatever preference, or has been asked for. It is
    /// made where it would stand on a machine without VRFs.
    pub(super) fn rule_add(
        &mut self,
        command: &[u8],
        request: &Request<'_>,
        body: &[u8],
        asked: Asked,
    ) -> Outcome<bool> {
        let Some(told) = self.rules_of(request.family)? else { return Ok(false) };
        if let Some(entry) = Bodies::of(&told).find(|entry| ip::stands(body, Class::RuleAdd, entry) == Some(true)) {
            let pref = Rule::parse(entry).map_or(0, |rule| rule.pref());
            let mut room = [0; limits::COMMAND];
            let mut undo = Buf::new(&mut room);
            put_placed(command, "del", pref, &mut undo);
            return self.share_line(undo.as_bytes()).map(|()| true);
        }
        let Some(pref) = rules::default_pref(Bodies::of(&told)).filter(|_| !self.is_dry()) else { return Ok(false) };
        let mut room = [0; limits::COMMAND];
        let mut placed = Buf::new(&mut room);
        put_placed(command, "add", pref, &mut placed);
        if placed.is_cut() {
            return Ok(false);
        }
        self.command_now(placed.as_bytes(), asked).map(|()| true)
    }
}

/// Puts a command about a rule with its preference.
fn put_placed(command: &[u8], verb: &str, pref: u32, out: &mut Buf<'_>) {
    let mut room = [0; 24];
    let mut placed = Buf::new(&mut room);
    super::turned(command, placed.str(verb).str(" pref ").num(pref).as_bytes(), out);
}
