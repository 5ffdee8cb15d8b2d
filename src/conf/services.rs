//! Services: what the lines of a `service` stanza say.
//!
//! A service has one stanza. Unlike an interface's, its keywords are all known here: a word that is none is a mistake, for
//! a service must not start in another way than asked.

use super::Fault;
use super::keywords::{Property, isolation};
use super::stanzas::{Conf, Iface, SERVICE};
use super::values::{self, Reason};
use super::words::{Split, Word, Words, code, coded};
use crate::error::Exit;
use crate::limits;

/// A service: the number of its stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service(pub usize);

/// A keyword of a service: the byte before its name in [`NAMES`].
pub type Field = u8;

/// Every keyword.
pub(super) const NAMES: &[u8] =
    &coded(b" cchdir eenv xexec iisolation Iinetd llisten ooutput rready qrequires fresolv-conf srespawn uuser vvrf");
/// `chdir DIR`
pub const CHDIR: Field = b'c';
/// `env NAME=VALUE…`
pub const ENV: Field = b'e';
/// `exec COMMAND [ARG]…`: words as a shell would separate them; nothing is expanded.
pub const EXEC: Field = b'x';
/// `inetd yes|no`: a process for each connection to what it listens on.
pub const INETD: Field = b'I';
/// `isolation LEVEL`
pub const ISOLATION: Field = b'i';
/// `listen tcp:PORT…`: sockets that are opened for it.
pub const LISTEN: Field = b'l';
/// `output FILE`: what it says is added there.
pub const OUTPUT: Field = b'o';
/// `ready fd N`: it says by a line, written there, that it has started. `ready end`: it has, when it has ended well.
pub const READY: Field = b'r';
/// `requires NAME…`: services that have to be started before, or interfaces.
pub const REQUIRES: Field = b'q';
/// `resolv-conf FILE`
pub const RESOLV_CONF: Field = b'f';
/// `respawn yes|no|on-failure`
pub const RESPAWN: Field = b's';
/// `user NAME[:GROUP]`
pub const USER: Field = b'u';
/// `vrf NAME`
pub const VRF: Field = b'v';

/// The values of `respawn`, each behind its first letter.
pub(super) const RESPAWNS: &[u8] = &coded(b" yyes nno oon-failure");
pub(super) const NO_SUCH_RESPAWN: &str = "the values are yes, no, on-failure";
pub(super) const NO_SUCH_KEYWORD: &str = "no such keyword of a service";

/// Takes the next service, or what is wrong.
pub type Step<'s, 'a> = &'s mut dyn FnMut(Result<Service, Fault<'a>>) -> Result<(), Exit>;

impl<'a> Conf<'a> {
    /// The services, in the order of the text.
    pub fn services(&self) -> impl Iterator<Item = Service> + use<'a> {
        self.stanzas.iter().enumerate().filter(|(_, stanza)| stanza.kind == SERVICE).map(|(n, _)| Service(n))
    }

    /// The service of that name. There are few: they are looked at one after the other.
    #[inline(never)]
    pub fn service(&self, name: &[u8]) -> Option<Service> {
        self.services().find(|service| self.service_name(*service) == name)
    }

    /// A service's name.
    pub fn service_name(&self, service: Service) -> &'a [u8] {
        self.name(Iface(service.0))
    }

    /// Whether `auto` names the service.
    #[inline(never)]
    pub fn is_auto_service(&self, service: Service) -> bool {
        let name = self.service_name(service);
        (0..self.len()).any(|n| self.is_heading_of_auto(n) && self.name(Iface(n)) == name)
    }

    /// Calls `each` with every line of a service that has this keyword.
    #[inline(never)]
    pub fn each_field(&self, service: Service, field: Field, each: &mut dyn FnMut(Property<'a>)) {
        let mut lines = self.properties(Iface(service.0));
        while let Some(property) = lines.next_field(field) {
            each(property);
        }
    }

    /// The value of the last such line; empty where there is none.
    #[inline(never)]
    pub fn field(&self, service: Service, field: Field) -> &'a [u8] {
        let mut last: &[u8] = b"";
        self.each_field(service, field, &mut |property| last = property.value);
        last
    }

    /// Gives `step` all services that one requires, each once and behind its own, and that one last; or what is wrong with a
    /// line, which ends it. `marks` has a 0 for each stanza at first and is kept between calls: 1 for those on the way, 2 for
    /// those that were given.
    pub fn walk_services(&self, service: Service, marks: &mut [u8], step: Step<'_, 'a>) -> Result<(), Exit> {
        self.walk_from(service, marks, step, 0)
    }

    #[inline(never)]
    fn walk_from(&self, service: Service, marks: &mut [u8], step: Step<'_, 'a>, depth: u32) -> Result<(), Exit> {
        match marks.get_mut(service.0) {
            Some(mark @ 0) => *mark = 1,
            _ => return Ok(()),
        }
        let mut outcome = Ok(());
        self.each_field(service, REQUIRES, &mut |property| {
            for name in Words::new(property.value) {
                let Some(other) = self.service(name).filter(|_| outcome.is_ok()) else { continue };
                outcome = if marks.get(other.0) == Some(&1) {
                    step(Err(property.fault(name, "a cycle: it requires, by itself or by others, this service")))
                } else if depth == limits::SERVICES {
                    step(Err(property.fault(name, "services require one another more than 256 deep")))
                } else {
                    self.walk_from(other, marks, step, depth + 1)
                };
            }
        });
        outcome?;
        if let Some(mark) = marks.get_mut(service.0) {
            *mark = 2;
        }
        step(Ok(service))
    }

    /// Whether a service is started again when it has ended: `y`, `n`, or `o` where it has failed.
    pub fn respawn(&self, service: Service) -> u8 {
        match code(RESPAWNS, self.field(service, RESPAWN)) {
            0 => b'y',
            letter => letter,
        }
    }

    /// The descriptor by which a service says that it has started, where it does.
    pub fn ready_fd(&self, service: Service) -> Option<u32> {
        values::u32_(Words::new(self.field(service, READY)).nth(1)?).ok()
    }

    /// Checks a service's lines; if something is wrong, `fault` is the first such line.
    #[inline(never)]
    pub(super) fn check_service(&self, service: Service, fault: &mut Fault<'a>) -> bool {
        let heading = Property { at: self.at(Iface(service.0)), key: b"service", value: b"", which: None };
        let name = self.service_name(service);
        let mut has_exec = false;
        if self.service(name) != Some(service) {
            *fault = heading.fault(name, "another service of this name is above");
            return false;
        }
        for property in self.properties(Iface(service.0)) {
            let mut word = property.first();
            if let Err(reason) = self.check_field(&property, &mut word) {
                *fault = property.fault(word, reason);
                return false;
            }
            has_exec |= code(NAMES, property.key) == EXEC;
        }
        if !has_exec {
            *fault = heading.fault(name, "an exec line is missing");
        }
        has_exec
    }

    /// Whether the value is one that the keyword takes; if not, `word` is what is wrong with it.
    #[inline(never)]
    fn check_field(&self, property: &Property<'a>, word: &mut &'a [u8]) -> Result<(), Reason> {
        let field = code(NAMES, property.key);
        if field != 0 && property.value.is_empty() {
            return Err("a value is missing");
        }
        match field {
            EXEC | ENV => {
                for part in Split::new(property.value) {
                    if let Word::Unclosed(part) = part {
                        *word = part;
                        return Err("a quote that is not closed, or a backslash at the end");
                    }
                    // A name, and a = behind it.
                    if field == ENV && part.bytes().position(|byte| byte == b'=').unwrap_or(0) == 0 {
                        return Err("not NAME=VALUE");
                    }
                }
                Ok(())
            }
            ISOLATION => isolation(word),
            INETD => values::yes_no(word).map(drop),
            REQUIRES => {
                for name in Words::new(property.value) {
                    if self.service(name).is_none() && self.find(name).is_none() {
                        *word = name;
                        return Err("neither a service nor an interface of this file");
                    }
                }
                Ok(())
            }
            RESPAWN if code(RESPAWNS, word) == 0 => Err(NO_SUCH_RESPAWN),
            READY => {
                let mut words = Words::new(property.value);
                let number = words.nth(1).and_then(|word| values::u32_(word).ok());
                let right = *word == b"fd" && number.is_some_and(|fd| (3..64).contains(&fd));
                if right || property.value == b"end" {
                    Ok(())
                } else {
                    Err("neither end nor fd N, with N from 3 to 63")
                }
            }
            VRF => values::if_name(word).map(drop),
            LISTEN => {
                for spec in Words::new(property.value) {
                    *word = spec;
                    values::listen(spec)?;
                }
                Ok(())
            }
            0 => Err(NO_SUCH_KEYWORD),
            _ => Ok(()),
        }
    }
}
