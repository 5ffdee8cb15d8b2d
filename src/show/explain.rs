//! `explain`: how the kernel finds a route from a VRF to an address, rule by rule; or whether a packet that comes in by an
//! interface gets to a socket in the VRF.
//!
//! The kernel's own answer (`RTM_GETROUTE`) is the truth. It is asked twice: which route decides (`RTM_F_FIB_MATCH`), and what
//! becomes of it. The walk is ours ([`super::walk`]) and says why; where it comes to another end, that is said.

use super::out::{Look, Out};
use super::services::{self, Services};
use super::walk::{self, End, Flow, Found, Said, Step};
use super::{Kernel, each_address, each_route, kind_name, link, name, read_rules, tell_route, tell_rule};
use crate::bind::Vrf;
use crate::check::{self, Link};
use crate::error::{Errno, Error, Exit, What};
use crate::limits;
use crate::log::{Outcome, say};
use crate::rtnl::{Bodies, Rtnl};
use crate::sys::args::Strings;
use crate::sys::mem::List;
use crate::sys::process;
use crate::text::Buf;
use crate::uapi;
use crate::vrf::{self, Reach};
use crate::wire::attr::{find, ip, number};
use crate::wire::msg::Writer;
use crate::wire::{route, rule};

/// What is asked.
pub struct Question<'a> {
    /// The VRF; `default` is none.
    pub vrf: &'a [u8],
    /// The bytes of the address that it goes to.
    pub to: &'a [u8],
    /// Of the one that it comes from; empty where none is said.
    pub from: &'a [u8],
    /// `IPPROTO_*`, and the port that it goes to; 0 where none is said.
    pub protocol: u8,
    /// The port.
    pub port: u16,
    /// The interface that it comes in by; it is sent from here where none is said.
    pub input: Option<&'a [u8]>,
}

/// lo
const LO: u32 = 1;

/// What the kernel answers.
struct Answer {
    /// Which route decides.
    end: End,
    /// What becomes of it: a route, or an error.
    route: List<u8>,
    errno: Errno,
}

/// Whether a walk ends at this machine.
const fn is_own(end: End) -> bool {
    matches!(end, End::Route(_, Found { kind: uapi::RTN_LOCAL | uapi::RTN_BROADCAST | uapi::RTN_ANYCAST, .. }))
}

/// Explains.
#[inline(never)]
pub fn explain(question: &Question<'_>, json: bool, environment: Strings) -> Outcome {
    let mut out = Out::new(json, environment);
    let agrees = tell(question, &mut out).map_err(|errno| match question.input {
        Some(input) if errno == Errno::ENODEV => {
            say(&Error::usage(What::Word(b"--in", input), "there is no such interface"))
        }
        _ => {
            let none = "this kernel has no IPv6, or it is switched off (ipv6.disable): nothing gets there";
            let advice = if errno == Errno::EAFNOSUPPORT { none } else { "" };
            say(&Error { advice, ..Error::system(What::Deed("explain VRF", question.vrf), errno) })
        }
    })?;
    out.finish()?;
    if agrees { Ok(()) } else { Err(Exit::System) }
}

#[inline(never)]
fn tell(question: &Question<'_>, out: &mut Out) -> Result<bool, Errno> {
    let Kernel { mut rtnl, links } = Kernel::open()?;
    let rtnl = &mut rtnl;
    let links = links.as_slice();
    let vrf = links.iter().find(|link| link.table != 0 && link.name() == question.vrf);
    let Question { to, from, port, protocol, .. } = *question;
    let flow = Flow {
        src: from,
        dst: to,
        iif: LO,
        vrf: vrf.map_or(0, |vrf| vrf.index),
        table: vrf.map_or(0, |vrf| vrf.table),
        named: true,
        protocol,
        port,
        uid: process::getuid(),
    };
    let mut it = Explain {
        question,
        links,
        vrf,
        flow,
        rules: List::new(),
        best: List::new(),
        last: Said::Nothing,
        is_foreign: false,
    };
    it.rules = read_rules(rtnl, it.family())?;
    out.line(0, Look::Head);
    out.item();
    out.num("version", 1);
    out.say(if question.input.is_some() { "to " } else { "from " });
    match vrf {
        Some(vrf) => {
            out.text("vrf|a socket in VRF ", question.vrf);
            out.num("table|, table ", vrf.table);
        }
        None => {
            out.text("vrf", question.vrf);
            out.say("a socket outside of any VRF");
        }
    }
    let mut beside = [0; 16];
    let agrees = match question.input {
        Some(input) => it.tell_input(input, &mut beside, rtnl, out)?,
        None => it.tell_output(rtnl, out)?,
    };
    out.flag("agrees", agrees);
    if !agrees {
        out.fault(b"the kernel", b"it comes to another end than the rules above: what the kernel says holds");
    }
    out.tell_faults(2);
    out.close();
    Ok(agrees)
}

struct Explain<'a> {
    question: &'a Question<'a>,
    links: &'a [Link],
    vrf: Option<&'a Link>,
    flow: Flow<'a>,
    /// The rules of its family, for [`Bodies`].
    rules: List<u8>,
    /// The route that was found last.
    best: List<u8>,
    /// What the last rule said.
    last: Said,
    /// Whether it is to come from an address that no interface has.
    is_foreign: bool,
}

/// What came of a rule.
#[inline(never)]
fn tell_said(said: Said, route: &[u8], links: &[Link], out: &mut Out) {
    let (outcome, table, text) = match said {
        Said::Not(why) => {
            out.word("outcome", "not met");
            return out.word("why| - no, ", why);
        }
        Said::Nothing => ("nothing", 0, " - leads nowhere, on"),
        Said::Goto(_) => ("goto", 0, " - yes"),
        Said::NoRoute(table) => ("no route", table, " has no route, on"),
        Said::Thrown(table) => ("throw", table, " says: ask on, by "),
        Said::Suppressed(table) => ("suppressed", table, " has one that is not specific enough, on: "),
        Said::Route(table) => ("route", table, ": "),
        Said::Stop => ("end", 0, " - yes, and it ends here"),
    };
    out.word("outcome", outcome);
    if table != 0 {
        out.num("asked_table| - yes, table ", table);
    }
    out.say(text);
    if matches!(said, Said::Thrown(_) | Said::Suppressed(_) | Said::Route(_)) {
        tell_route("route", links, route, out);
    }
}

impl<'a> Explain<'a> {
    fn family(&self) -> u8 {
        if self.flow.dst.len() > 4 { uapi::AF_INET6 } else { uapi::AF_INET }
    }

    #[inline(never)]
    fn tell_from(&self, out: &mut Out) {
        out.ip("from| from ", self.flow.src, 255);
        if self.flow.port != 0 {
            out.word("protocol|, ", if self.flow.protocol == 6 { "tcp" } else { "udp" });
            out.num("port| port ", self.flow.port.into());
        }
    }

    // ---- the walk

    /// Walks, as the kernel confirms if it can be; tells of it, and whether it is.
    #[inline(never)]
    fn walk(&mut self, answer: &Answer, rtnl: &mut Rtnl, out: &mut Out) -> Result<bool, Errno> {
        let confirmed = self.go(rtnl, None).map(|end| self.confirms(end, answer))?;
        if !confirmed {
            self.flow.named = false;
            let end = self.go(rtnl, None)?;
            self.flow.named = !self.confirms(end, answer);
        }
        out.list("rules");
        let end = self.go(rtnl, Some(out))?;
        out.close();
        if self.last != Said::Stop && !matches!(self.last, Said::Route(_)) {
            out.say_line(2, Look::Plain, "no rule is left");
        }
        Ok(self.confirms(end, answer))
    }

    /// Walks once, and tells of it if it is to.
    #[inline(never)]
    fn go(&mut self, rtnl: &mut Rtnl, mut out: Option<&mut Out>) -> Result<End, Errno> {
        let family = self.family();
        let Self { links, flow, rules, best, last, .. } = self;
        let mut done = Ok(());
        *last = Said::Nothing;
        let end = walk::walk(
            &mut Bodies::of(rules),
            flow,
            &|name| links.iter().find(|link| link.name() == name).map_or(u32::MAX, |link| link.index),
            &mut |step| match step {
                Step::LookUp(table) => {
                    let mut chosen = None;
                    let asked = each_route(rtnl, family, table, &mut |route| {
                        if let Some(new) = walk::choose(route, table, flow, chosen) {
                            chosen = Some(new);
                            best.clear();
                            done = done.and_then(|()| best.extend(route));
                        }
                    });
                    done = done.and(asked);
                    chosen
                }
                Step::Tell(rule, said) => {
                    *last = said;
                    if let Some(out) = &mut out {
                        out.row();
                        tell_rule(rule, out);
                        out.flag("met", !matches!(said, Said::Not(_)));
                        tell_said(said, best.as_slice(), links, out);
                        out.close();
                        out.end();
                    }
                    None
                }
            },
        );
        done.map(|()| end)
    }

    /// Whether the kernel comes to the same end.
    #[inline(never)]
    fn confirms(&self, end: End, answer: &Answer) -> bool {
        if !self.goes_by_rules() {
            return true;
        }
        let same = walk::agrees(end, answer.end);
        if self.flow.iif == LO {
            return same || self.is_source_refused(answer);
        }
        // What is not for this machine is forwarded or not, which rules do not tell; and one that is may be refused for its source.
        same || matches!(answer.end, End::Errno(_)) || !(is_own(end) || is_own(answer.end))
    }

    /// Whether rules decide: an address of a link goes by the interface that the socket names.
    fn goes_by_rules(&self) -> bool {
        let of_link = match self.flow.dst {
            [first, _, _, _] => *first >= 224,
            [first, second, ..] => self.flow.vrf != 0 && (*first == 0xff || (*first == 0xfe && second & 0xc0 == 0x80)),
            _ => false,
        };
        !of_link && self.vrf.is_none_or(|vrf| vrf.is_up())
    }

    /// Whether the kernel refuses the source that was asked for: IPv4 looks first whether it is one of its own.
    const fn is_source_refused(&self, answer: &Answer) -> bool {
        self.is_foreign && answer.errno.0 != 0
    }

    // ---- the kernel

    /// Asks the kernel.
    #[inline(never)]
    fn ask(&self, rtnl: &mut Rtnl) -> Result<Answer, Errno> {
        let mut answer = Answer { end: End::Errno(Errno(0)), route: List::new(), errno: Errno(0) };
        for flags in [uapi::RTM_F_FIB_MATCH, 0] {
            let mut room = [0; limits::REQUEST];
            let mut body = Writer::new(&mut room);
            // IPv6 tells the table unasked, and refuses to be asked.
            let table = if self.flow.dst.len() == 4 { uapi::RTM_F_LOOKUP_TABLE } else { 0 };
            self.put_question(flags | table, &mut body);
            let route = &mut answer.route;
            route.clear();
            let mut grown = Ok(());
            let asked = rtnl.ask(uapi::RTM_GETROUTE, body.bytes(), &mut |got| grown = route.extend(got));
            grown?;
            let errno = asked.err().unwrap_or(Errno(0));
            if flags == 0 {
                answer.errno = errno;
            } else if errno.0 == 0 {
                answer.end = End::Route(walk::table(route.as_slice()), walk::found(route.as_slice()));
            } else {
                answer.end = End::Errno(errno);
            }
        }
        Ok(answer)
    }

    #[inline(never)]
    fn put_question(&self, flags: u32, body: &mut Writer<'_>) {
        let Flow { src, dst, iif, vrf, protocol, port, uid, .. } = self.flow;
        let bits = |address: &[u8]| u8::try_from(8 * address.len()).unwrap_or(0);
        body.push(&[self.family(), bits(dst), bits(src), 0], &[0; 4]);
        body.push(&flags.to_ne_bytes(), &[]);
        body.attr(uapi::RTA_DST, dst);
        if !src.is_empty() {
            body.attr(uapi::RTA_SRC, src);
        }
        if iif != LO {
            body.attr_u32(uapi::RTA_IIF, iif);
        } else if vrf != 0 {
            body.attr_u32(uapi::RTA_OIF, vrf);
        }
        body.attr_u32(uapi::RTA_UID, uid);
        body.attr_u8(uapi::RTA_IP_PROTO, protocol);
        if port != 0 {
            body.attr(uapi::RTA_DPORT, &port.to_be_bytes());
        }
    }

    // ---- what leaves

    #[inline(never)]
    fn tell_output(&mut self, rtnl: &mut Rtnl, out: &mut Out) -> Result<bool, Errno> {
        out.ip("to|, to ", self.flow.dst, 255);
        self.tell_from(out);
        out.end();
        if let [first, _, _, _] = self.flow.src {
            self.is_foreign = *first != 127 && !has_address(rtnl, 0, self.flow.src)?;
        }
        let answer = self.ask(rtnl)?;
        let agrees = self.walk(&answer, rtnl, out)?;
        self.tell_answer(&answer, out);
        Ok(agrees)
    }

    /// Draws the way that the kernel says, and tells why where there is none.
    #[inline(never)]
    fn tell_answer(&self, answer: &Answer, out: &mut Out) {
        let route = answer.route.as_slice();
        let attrs = route.get(route::FIXED..).unwrap_or_default();
        let Found { kind, .. } = walk::found(route);
        let source = match find(attrs, uapi::RTA_PREFSRC) {
            b"" => self.flow.src,
            source => source,
        };
        let errno = walk::errno(kind).unwrap_or(answer.errno);
        out.flag("reached", errno.0 == 0);
        out.line(2, Look::Head);
        if self.flow.vrf != 0 {
            out.say("VRF ");
        }
        out.say_name(self.question.vrf);
        if !source.is_empty() {
            out.ip("source| (", source, 255);
            out.say(")");
        }
        if let End::Route(table, _) = answer.end {
            out.num("decided_by_table| --> table ", table);
        }
        if errno.0 != 0 {
            out.text("error| --X ", crate::errno::text(errno.0).0);
            return self.tell_why(answer, out);
        }
        out.text("type", kind_name(kind));
        let oif = number(attrs, uapi::RTA_OIF).unwrap_or(0);
        out.text("dev| --> ", name(self.links, oif));
        out.ip("via| --> ", route::gateway(attrs), 255);
        if kind == uapi::RTN_LOCAL {
            out.say(" --> this machine");
        } else {
            self.say_ip(" --> ", self.flow.dst, out);
        }
        out.end();
        if let Some(link) = link(self.links, oif).filter(|link| link.flags & uapi::IFF_LOWER_UP == 0) {
            out.fault(link.name(), link.state().as_bytes());
        }
        // connect(2) looks a second time then.
        let is_for = |rule: &[u8]| {
            let len = rule.get(2).copied().unwrap_or(0);
            len > 0 && walk::is_in(source, find(rule.get(rule::FIXED..).unwrap_or_default(), uapi::FRA_SRC), len)
        };
        if self.flow.src.is_empty() && Bodies::of(&self.rules).any(is_for) {
            out.row();
            out.ip("ask_from|a rule is for this source; connect(2) asks again with it: see --from ", source, 255);
            out.end();
        }
    }

    /// Adds an address to a line of the text.
    #[inline(never)]
    fn say_ip(&self, before: &str, address: &[u8], out: &mut Out) {
        if !out.json {
            out.say(before);
            out.ip("|", address, 255);
        }
    }

    /// Says why nothing gets there, and what would change that.
    #[inline(never)]
    fn tell_why(&self, answer: &Answer, out: &mut Out) {
        let mut room = [0; limits::LINE];
        let mut text = Buf::new(&mut room);
        let vrf = self.question.vrf;
        let by_route = matches!(self.last, Said::Route(_));
        let mut is_missing = false;
        let down = self.vrf.filter(|vrf| !vrf.is_up());
        if let Some(down) = down {
            text.shown(down.name()).str(" is down");
        } else if !self.goes_by_rules() {
            text.str("an address of a link: the socket itself has to name an interface of the VRF");
        } else if self.is_source_refused(answer) {
            text.str("no interface has the address that it is to come from");
        } else if by_route {
            let route = self.best.as_slice();
            let Found { kind, len, .. } = walk::found(route);
            text.str("table ").num(walk::table(route)).str(" says so: ");
            text.bytes(kind_name(kind));
            match ip(find(route.get(route::FIXED..).unwrap_or_default(), uapi::RTA_DST)) {
                Some(dst) => text.str(" ").ip(dst).str("/").num(len.into()),
                None => text.str(" default"),
            };
            is_missing = true;
        } else if self.last == Said::Stop && self.flow.vrf == 0 {
            text.str("a rule says so, before any table has a route");
        } else {
            match self.vrf {
                Some(link) => text.str("table ").num(link.table).str(" of the VRF has no route to it"),
                None => text.str("no table that is asked has a route to it"),
            };
            is_missing = true;
        }
        out.row();
        out.text("why|why: ", text.as_bytes());
        text.truncate(0);
        if let Some(down) = down {
            text.str("ip link set ").shown(down.name()).str(" up");
        } else if is_missing {
            let to = |text: &mut Buf<'_>| {
                if let Some(to) = ip(self.flow.dst) {
                    text.ip(to).str(" via GATEWAY");
                }
            };
            to(text.str("ip route add "));
            if self.flow.vrf != 0 {
                text.str(" vrf ").shown(vrf).str(", or in the configuration of ").shown(vrf).str(": vrf-route ");
                to(&mut text);
            }
        }
        if !text.is_empty() {
            out.row();
            out.text("advice|what would change it: ", text.as_bytes());
        }
        out.end();
        let of_vrf = |link: &&Link| self.flow.vrf != 0 && link.master == self.flow.vrf && !link.is_up();
        for down in self.links.iter().filter(of_vrf) {
            out.fault(down.name(), b"down: its routes are gone until it is up");
        }
    }

    // ---- what comes in

    #[inline(never)]
    fn tell_input(
        &mut self,
        input: &[u8],
        beside: &'a mut [u8; 16],
        rtnl: &mut Rtnl,
        out: &mut Out,
    ) -> Result<bool, Errno> {
        let links = self.links;
        let iface = links.iter().find(|link| link.name() == input).ok_or(Errno::ENODEV)?;
        let asked = self.flow.vrf;
        if self.flow.src.is_empty() && neighbour(rtnl, iface.index, self.family(), beside)? {
            self.flow.src = beside.get(..self.flow.dst.len()).unwrap_or_default();
        }
        out.ip("to|, at ", self.flow.dst, 255);
        self.tell_from(out);
        out.text("in|, in by ", input);
        out.end();
        if !iface.is_up() {
            out.fault(input, b"down");
        }
        // A part of a bridge is looked up as the bridge is.
        let mut owner = iface;
        while let (0, Some(master)) = (owner.table, link(links, owner.master)) {
            owner = master;
        }
        out.row();
        out.say_name(input);
        if owner.table != 0 {
            out.say(if core::ptr::eq(owner, iface) { " is a VRF: " } else { " is a member: " });
        } else if let Some(vrf) = self.shared_by(iface, rtnl)? {
            owner = vrf;
            out.say(" is shared, and this is from a network of the VRF to an own address: ");
        } else {
            out.say(" is in no VRF, and this is not what one shares: ");
        }
        out.say("it is looked up for ");
        if owner.table == 0 {
            out.say("programs outside");
        } else {
            out.text("taken_by|VRF ", owner.name());
        }
        out.end();
        let is_taken = owner.table != 0;
        self.flow.iif = if is_taken { owner.index } else { iface.index };
        self.flow.vrf = if is_taken { owner.index } else { 0 };
        self.flow.table = owner.table;
        self.flow.uid = 0; // nobody's yet
        let answer = self.ask(rtnl)?;
        let agrees = self.walk(&answer, rtnl, out)?;
        self.tell_delivery(asked, owner, iface, &answer, rtnl, out)?;
        Ok(agrees)
    }

    /// The VRF that takes this, of those that share the interface.
    #[inline(never)]
    fn shared_by(&self, iface: &Link, rtnl: &mut Rtnl) -> Result<Option<&'a Link>, Errno> {
        if !has_address(rtnl, iface.index, self.flow.dst)? {
            return Ok(None);
        }
        for vrf in self.links.iter().filter(|link| link.table != 0) {
            let mut reach = Reach::default();
            vrf::reach(rtnl, vrf.name(), &mut reach)?;
            let from =
                vrf::net(iface.index, self.family(), u8::try_from(8 * self.flow.src.len()).unwrap_or(0), self.flow.src);
            if reach.shared.as_slice().iter().any(|net| net.interface == iface.index && net.contains(&from)) {
                return Ok(Some(vrf));
            }
        }
        Ok(None)
    }

    /// Whether a socket where it was asked for gets it.
    #[inline(never)]
    fn tell_delivery(
        &self,
        asked: u32,
        owner: &Link,
        iface: &Link,
        answer: &Answer,
        rtnl: &mut Rtnl,
        out: &mut Out,
    ) -> Result<(), Errno> {
        let taken = if owner.table == 0 { 0 } else { owner.index };
        let is_here = answer.errno.0 == 0 && is_own(End::Route(0, walk::found(answer.route.as_slice())));
        let accept = if self.flow.protocol == 6 {
            c"/proc/sys/net/ipv4/tcp_l3mdev_accept"
        } else {
            c"/proc/sys/net/ipv4/udp_l3mdev_accept"
        };
        let hears = asked == 0 && check::is_on(accept);
        let gets = is_here && (taken == asked || hears);
        out.flag("delivered", gets);
        out.line(2, Look::Head);
        self.say_ip("", self.flow.src, out);
        out.say(if self.flow.src.is_empty() { "" } else { " --> " });
        out.say_name(iface.name());
        if taken != 0 {
            out.say(" --> VRF ");
            out.say_name(owner.name());
        }
        if let End::Route(table, _) = answer.end {
            out.num("decided_by_table| --> table ", table);
        }
        out.say(if gets { " --> a socket in " } else { " --X a socket in " });
        out.say_name(self.question.vrf);
        let why = if answer.errno.0 != 0 {
            out.text("error", crate::errno::text(answer.errno.0).0);
            if is_own(End::Route(0, walk::found(self.best.as_slice()))) && matches!(self.last, Said::Route(_)) {
                "the kernel drops it for its source, which is not reached by this interface (rp_filter), or is its own"
            } else {
                "it is for nobody here, and is not forwarded"
            }
        } else if !is_here {
            "it is not for this machine, which passes it on if it forwards"
        } else if gets && taken != asked {
            "l3mdev_accept is on: a socket outside that is bound to nothing gets it, unless one in the VRF does"
        } else if gets {
            "a socket there gets it, if one listens"
        } else if asked == 0 {
            "it is in a VRF, and l3mdev_accept is off"
        } else if taken == 0 {
            "the interface is not a member of the VRF, nor shared for what comes from there: vrf, or vrf-shared, would change it"
        } else {
            "the interface belongs to another VRF"
        };
        out.row();
        out.word("why|why: ", why);
        out.end();
        if let Some(link) = self.vrf.filter(|_| gets) {
            let mut reach = Reach::default();
            vrf::reach(rtnl, link.name(), &mut reach)?;
            let Reach { interfaces, shared } = &reach;
            let (interfaces, shared) = (interfaces.as_slice(), shared.as_slice());
            services::judge_all(&Vrf { name: link.name(), index: link.index, interfaces, shared }, out)?;
        }
        let services = Services::read(out)?;
        let port = self.flow.port;
        if port != 0 {
            let hears = |kind: u32| (kind == uapi::SOCK_STREAM) == (self.flow.protocol == 6);
            out.list("listeners");
            let mut any = false;
            for socket in services.sockets.as_slice() {
                let fits = socket.bound == asked || socket.bound == iface.index;
                if socket.port() == port && fits && socket.listens.is_some_and(|(kind, _)| hears(kind)) {
                    any = true;
                    out.row();
                    out.composed("|it is heard by ", &|out| socket.put(out));
                    out.end();
                }
            }
            out.close();
            if !any {
                out.fault(self.question.vrf, b"nobody listens at that port there");
            }
        }
        Ok(())
    }
}

/// Whether an interface, or (0) any, has that address.
#[inline(never)]
fn has_address(rtnl: &mut Rtnl, index: u32, wanted: &[u8]) -> Result<bool, Errno> {
    let mut has = false;
    each_address(rtnl, index, 0, &mut |own, _| has |= own == wanted)?;
    Ok(has)
}

/// An address beside the first that an interface has, if it has one: somebody there may be called so.
#[inline(never)]
fn neighbour(rtnl: &mut Rtnl, index: u32, family: u8, to: &mut [u8; 16]) -> Result<bool, Errno> {
    let mut found = false;
    each_address(rtnl, index, family, &mut |own, len| {
        if found || u32::from(len) + 1 >= u32::try_from(8 * own.len()).unwrap_or(0) {
            return; // there is nobody else in its network
        }
        found = true;
        to.iter_mut().zip(own).for_each(|(to, own)| *to = *own);
        if let Some(last) = own.len().checked_sub(1).and_then(|last| to.get_mut(last)) {
            // Not the network itself, nor all of it.
            *last ^= if matches!(*last & 3, 0 | 3) { 2 } else { 3 };
        }
    })?;
    Ok(found)
}
