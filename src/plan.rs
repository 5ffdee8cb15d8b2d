//! What `up` does: an interface's stanzas as ordered items.
//!
//! The order within an interface is ifupdown-ng's: create, pre-up, up, post-up, and in each phase first what keywords ask
//! for, then the phase's own lines. What isolation needs beyond the file comes where its kind belongs and is marked
//! as implied; `--exact` leaves it out.

use crate::conf::keywords::{Keyword, OTHERS, Property, canonical, vlan_protocol};
use crate::conf::lines::VT;
use crate::conf::stanzas::{Conf, Iface, Method};
use crate::conf::values;
use crate::conf::words::Words;
use crate::error::{Exit, Place};
use crate::ip;
use crate::limits;
use crate::rules::{self, RULES};
use crate::text::Buf;
use crate::wire::msg::Writer;

/// The phases of an interface, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Virtual interfaces are made.
    Create,
    /// Before the interface is up: masters, rules.
    PreUp,
    /// The interface, its addresses, gateways and routes.
    Up,
    /// The end of that phase: a VRF's loopback addresses, and the lines.
    UpLines,
    /// After that.
    PostUp,
    /// Before the interface goes down.
    PreDown,
    /// The interface goes down.
    Down,
    /// After that.
    PostDown,
    /// No phase of its own: of those before [`Self::PreDown`], what may name other interfaces than the keywords do.
    Lines,
}

impl Phase {
    /// The phase's name, which is also its keyword.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create | Self::Lines => "create",
            Self::PreUp => "pre-up",
            Self::Up | Self::UpLines => "up",
            Self::PostUp => "post-up",
            Self::PreDown => "pre-down",
            Self::Down => "down",
            Self::PostDown => "post-down",
        }
    }

    const fn keyword(self) -> Option<Keyword> {
        Some(match self {
            Self::Create | Self::Lines | Self::Up => return None,
            Self::PreUp => Keyword::PreUp,
            Self::UpLines => Keyword::Up,
            Self::PostUp => Keyword::PostUp,
            Self::PreDown => Keyword::PreDown,
            Self::Down => Keyword::Down,
            Self::PostDown => Keyword::PostDown,
        })
    }
}

/// One thing that an interface needs.
#[derive(Clone, Copy)]
pub struct Item<'t> {
    /// The line that asks for it, as an offset in the text.
    pub at: u32,
    /// The `ip` command that makes it true, or a command for a shell.
    pub command: &'t [u8],
    /// Whether it is for a shell: not an `ip` command, or one that only iproute2 understands.
    pub shell: bool,
    /// Added by us: isolation needs it, the file does not say it.
    pub implied: bool,
}

/// The keywords of commands that `up` carries out.
const OWN: u64 = Keyword::PreUp.bit() | Keyword::Up.bit() | Keyword::PostUp.bit();

/// Which rules isolate, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The pair stands first ([`rules`]). The file says nothing of rules that isolate.
    Pair,
    /// The file moves table local or adds l3mdev rules. Those of [`RULES`] that are true here complete it.
    File([bool; RULES.len()]),
    /// Only what the file says (`--exact`), whether it states such rules or not.
    Exact,
}

/// How a configuration is carried out. It has been checked: values that cannot be are not met here.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    conf: Conf<'a>,
    /// Which rules isolate.
    layout: Layout,
    /// The file states some of them.
    states_rules: bool,
    exact: bool,
    /// No line of the phases up to post-up is for a shell.
    shellless: bool,
}

/// Where items go; what it fails with ends the walk.
pub type Sink<'s> = &'s mut dyn FnMut(&Item<'_>) -> Walk;

/// How a walk through the plan ends.
pub type Walk = Result<(), Exit>;

impl<'a> Plan<'a> {
    /// The plan of a configuration that has been checked.
    #[inline(never)]
    pub fn new(conf: Conf<'a>, exact: bool) -> Self {
        let (mut missing, mut shellless) = ([true; RULES.len()], true);
        for iface in conf.ifaces() {
            for property in conf.with_any(iface, OWN) {
                let mut room = [0; limits::REQUEST];
                let mut writer = Writer::new(&mut room);
                let Some(Ok(request)) = ip::check(property.value, &mut writer) else {
                    shellless = false;
                    continue;
                };
                let part = rules::part(&request, writer.bytes()).map(|part| part.index(request.family));
                if let Some(missing) = part.and_then(|rule| missing.get_mut(rule)) {
                    *missing = false;
                }
            }
        }
        let states_rules = missing.contains(&false);
        let layout = match states_rules {
            _ if exact => Layout::Exact,
            true => Layout::File(missing),
            false => Layout::Pair,
        };
        Self { conf, layout, states_rules, exact, shellless }
    }

    /// Which rules isolate.
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// Whether the file itself states rules that isolate.
    pub const fn states_rules(&self) -> bool {
        self.states_rules
    }

    /// The line that makes the interface a VRF, where the pair of rules has to stand first for it.
    pub fn wants_pair(&self, iface: Iface) -> Option<Property<'a>> {
        let refuses = |line: Property<'_>| values::yes_no(line.first()) == Ok(false);
        let is_wanted = self.layout == Layout::Pair && !self.conf.last(iface, Keyword::VrfRules).is_some_and(refuses);
        self.conf.last(iface, Keyword::VrfTable).filter(|_| is_wanted)
    }

    /// The configuration it is of.
    pub const fn conf(&self) -> Conf<'a> {
        self.conf
    }

    /// The VRF that the interface is a member of.
    pub fn master(&self, iface: Iface) -> Option<Property<'a>> {
        self.conf.last(iface, Keyword::VrfMember)
    }

    /// Whether [`Phase::Create`] makes the interface: a VRF, or a link of a kind that is not somebody else's to make.
    #[inline(never)]
    pub fn makes(&self, iface: Iface) -> bool {
        self.conf.table(iface).is_some()
            || self.conf.is_dummy_or_veth(iface)
            || self.conf.ports(iface).is_some()
            || self.conf.last(iface, Keyword::BondMembers).is_some()
            || self.conf.vlan(iface).is_some()
    }

    /// What the interface needs in `phase`, each item given to `sink` in its order.
    #[inline(never)]
    pub fn items(&self, iface: Iface, phase: Phase, sink: Sink<'_>) -> Walk {
        let here = Property { at: self.conf.at(iface), key: b"", value: b"", which: None };
        let mut to = Composer { plan: self, iface, implied: false, sink };
        match phase {
            Phase::Create if self.makes(iface) => {
                if self.conf.table(iface).is_some() {
                    to.last(Keyword::VrfTable, b"ip link add W type vrf table V")?;
                } else if self.conf.is_dummy_or_veth(iface) {
                    to.last(Keyword::LinkType, b"ip link add W type V[ peer name P]")?;
                } else if let Some(members) = self.conf.last(iface, Keyword::BondMembers) {
                    to.put(&members, b"ip link add W type bondY")?;
                } else if let Some(ports) = self.conf.ports(iface) {
                    to.last(ports, BRIDGE)?;
                } else {
                    to.put(&self.conf.last(iface, Keyword::VlanRawDevice).unwrap_or(here), VLAN)?;
                }
            }
            Phase::PreUp => {
                for line in self.conf.ports(iface).into_iter().flat_map(|ports| self.conf.with(iface, ports)) {
                    for port in Words::new(line.value).filter(|port| *port != b"none") {
                        to.put(&Property { value: port, ..line }, b"ip link set dev V master N up")?;
                    }
                }
                for line in self.conf.with(iface, Keyword::BondMembers) {
                    for member in Words::new(line.value) {
                        let member = Property { value: member, ..line };
                        to.put(&member, b"ip link set dev V down master N")?;
                        to.put(&member, b"ip link set dev V up")?;
                    }
                }
                to.last(Keyword::BridgeHw, b"ip link set dev N address V")?;
                // Before it is up: advertisements are asked for then.
                if self.conf.has_method(iface, Method::Auto6) {
                    to.put(&here, b"sysctl -w net/ipv6/conf/N/accept_ra=2")?;
                    to.put(&here, b"sysctl -w net/ipv6/conf/N/autoconf=1")?;
                }
                to.last(Keyword::AcceptRa, b"sysctl -w net/ipv6/conf/N/accept_ra=V")?;
                to.last(Keyword::Autoconf, b"sysctl -w net/ipv6/conf/N/autoconf=Z")?;
                to.last(Keyword::DadTransmits, b"sysctl -w net/ipv6/conf/N/dad_transmits=V")?;
                to.last(Keyword::Privext, b"sysctl -w net/ipv6/conf/N/use_tempaddr=V")?;
                to.last(Keyword::VrfMember, b"ip link set dev N master V")?;
                to.switches()?;
            }
            Phase::Up => {
                // Where the kernel refuses it, that is what is wrong.
                let asked = [Keyword::Hwaddress, Keyword::Mtu].iter().find_map(|which| self.conf.last(iface, *which));
                to.put(&asked.unwrap_or(here), b"ip link set dev N up[ mtu U][ address H][ alias Q]")?;
                to.each(Keyword::Address, b"ip addr add A[ peer R] dev N")?;
                to.each(Keyword::Gateway, b"ip [F ]route add default via V dev N[ vrf M][ table O] metric D onlink")?;
                to.routes()?;
                if self.conf.has_method(iface, Method::Dhcp) {
                    to.put(&here, b"[ip vrf exec M ]udhcpc -i N[Y]")?;
                }
            }
            Phase::UpLines => to.isolate(Keyword::VrfLoopback, &[true; 2], &LOOPBACKS)?,
            Phase::Lines => {
                to.routes()?;
                for phase in [Phase::PreUp, Phase::UpLines, Phase::PostUp] {
                    to.own(phase)?;
                }
            }
            // What ifupdown-ng's executors do in this phase.
            Phase::Down if self.exact => {
                if self.conf.has_method(iface, Method::Dhcp) {
                    to.put(&here, b"udhcpc -k N[ M]")?;
                }
                let addressed = |which| self.conf.last(iface, which).is_some();
                if addressed(Keyword::Address) || addressed(Keyword::Gateway) {
                    to.put(&here, b"ip addr flush dev N")?;
                }
                to.put(&here, b"ip link set dev N down")?;
            }
            _ => {}
        }
        to.own(phase)?;
        match phase {
            Phase::PreUp => match &self.layout {
                Layout::File(missing) => to.isolate(Keyword::VrfRules, missing, &RULES),
                Layout::Pair | Layout::Exact => Ok(()),
            },
            // In ifupdown-ng a phase of its own, behind the lines of this one.
            Phase::PostDown if self.exact => {
                if self.master(iface).is_some() {
                    to.put(&here, b"ip link set dev N nomaster")?;
                }
                if self.makes(iface) { to.put(&here, b"ip link del W") } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }
}

/// The command that makes a VLAN.
const VLAN: &[u8] = b"ip link add link K name N type vlan id I protocol X";
/// The command that makes a bridge.
const BRIDGE: &[u8] = b"ip link add W type bridge[ stp_state B][ forward_delay C][ hello_time E][ max_age G]\
[ ageing_time J][ priority L][ vlan_filtering S]";

/// The addresses that a program in a VRF expects to be there.
const LOOPBACKS: [&[u8]; 2] = [b"ip addr add 127.0.0.1/8 dev N", b"ip addr add ::1/128 dev N nodad"];

/// Composes commands from templates, and hands them on.
///
/// A template is a command in which a capital letter stands for what the configuration has in its place
/// ([`Self::letter`]). What stands in brackets is left out where there is nothing for its letter; elsewhere that leaves
/// out the whole command.
struct Composer<'p, 'a, 's> {
    plan: &'p Plan<'a>,
    iface: Iface,
    implied: bool,
    sink: Sink<'s>,
}

impl<'a> Composer<'_, 'a, '_> {
    /// The phase's own lines.
    #[inline(never)]
    fn own(&mut self, phase: Phase) -> Walk {
        let Some(which) = phase.keyword() else { return Ok(()) };
        let known = self.plan.shellless && OWN & which.bit() != 0;
        for Property { at, value: command, .. } in self.plan.conf.with(self.iface, which) {
            (self.sink)(&Item { at, command, shell: !known && ip::request(command).is_none(), implied: false })?;
        }
        Ok(())
    }

    /// A command for every line of a keyword.
    #[inline(never)]
    fn each(&mut self, which: Keyword, template: &[u8]) -> Walk {
        for line in self.plan.conf.with(self.iface, which) {
            self.put(&line, template)?;
        }
        Ok(())
    }

    /// The routes that `vrf-route` asks for: those of a VRF, but those by a member come with it, for before that is up there is no way
    /// to their gateway. One that names a gateway and no interface comes with the last member.
    #[inline(never)]
    fn routes(&mut self) -> Walk {
        let conf = &self.plan.conf;
        let vrf = self.plan.master(self.iface).map_or(Some(self.iface), |master| conf.find(master.first()));
        let Some(vrf) = vrf else { return Ok(()) };
        let Some(table) = conf.last(vrf, Keyword::VrfTable) else { return Ok(()) };
        let name = conf.name(vrf);
        let is_member = |iface: &Iface| self.plan.master(*iface).is_some_and(|master| master.first() == name);
        for line in conf.with(vrf, Keyword::VrfRoute) {
            let mut words = Words::new(line.value);
            let by = match words.clone().find(|word| *word == b"dev") {
                Some(_) => {
                    words.skip_while(|word| *word != b"dev").nth(1).and_then(|dev| conf.find(dev)).filter(is_member)
                }
                None if words.any(|word| word == b"via") => {
                    conf.ifaces().filter(|iface| is_member(iface) && conf.is_auto(*iface)).last()
                }
                None => None,
            };
            if by.unwrap_or(vrf) == self.iface {
                let mut room = [0; limits::COMMAND];
                let mut out = Buf::new(&mut room);
                line.put_route(table.first(), &mut out);
                (self.sink)(&Item { at: line.at, command: out.as_bytes(), shell: false, implied: false })?;
            }
        }
        Ok(())
    }

    /// A command for the last line of a keyword.
    #[inline(never)]
    fn last(&mut self, which: Keyword, template: &[u8]) -> Walk {
        self.plan.conf.last(self.iface, which).map_or(Ok(()), |line| self.put(&line, template))
    }

    /// The kernel's switches that `vrf-accept`, `vrf-shared` and `vrf-strict-mode` set.
    #[inline(never)]
    fn switches(&mut self) -> Walk {
        if let Some(line) = self.plan.conf.last(self.iface, Keyword::VrfAccept) {
            for value in Words::new(line.value) {
                self.put(&Property { value, ..line }, b"sysctl -w net.ipv4.V_l3mdev_accept=1")?;
            }
        }
        // Programs outside go on hearing what comes in by the VRF now; the sources there are not its members'.
        self.last(Keyword::VrfShared, b"sysctl -w net.ipv4.tcp_l3mdev_accept=1")?;
        self.last(Keyword::VrfShared, b"sysctl -w net.ipv4.udp_l3mdev_accept=1")?;
        self.last(Keyword::VrfShared, b"sysctl -w net/ipv4/conf/N/rp_filter=2")?;
        self.plan.conf.last(self.iface, Keyword::VrfStrictMode).map_or(Ok(()), |line| {
            let value: &[u8] = if values::yes_no(line.first()) == Ok(true) { b"1" } else { b"0" };
            self.put(&Property { value, ..line }, b"sysctl -w net.vrf.strict_mode=V")
        })
    }

    /// What isolation of a VRF needs: those of `templates` that are `wanted`, unless the keyword `unless` says no.
    #[inline(never)]
    fn isolate(&mut self, unless: Keyword, wanted: &[bool], templates: &[&[u8]]) -> Walk {
        let conf = &self.plan.conf;
        let Some(table) = conf.last(self.iface, Keyword::VrfTable) else { return Ok(()) };
        if self.plan.exact || conf.last(self.iface, unless).is_some_and(|p| values::yes_no(p.first()) == Ok(false)) {
            return Ok(());
        }
        self.implied = true;
        for (template, wanted) in templates.iter().zip(wanted) {
            if *wanted {
                self.put(&table, template)?;
            }
        }
        self.implied = false;
        Ok(())
    }

    /// Composes one command that `line` asks for.
    #[inline(never)]
    fn put(&mut self, line: &Property<'a>, template: &[u8]) -> Walk {
        let mut room = [0; limits::COMMAND];
        let mut out = Buf::new(&mut room);
        if !self.fill(line, template, &mut out) {
            return Ok(());
        }
        (self.sink)(&Item { at: line.at, command: out.as_bytes(), shell: false, implied: self.implied })
    }

    /// Fills a template in; whether there was something for every letter outside brackets.
    #[inline(never)]
    fn fill(&self, line: &Property<'a>, template: &[u8], out: &mut Buf<'_>) -> bool {
        let mut start = None;
        let mut filled = true;
        let mut rest = template;
        loop {
            let plain = |byte: &u8| !matches!(byte, b'A'..=b']');
            let run = rest.iter().take_while(|byte| plain(byte)).count();
            out.bytes(rest.get(..run).unwrap_or_default());
            let Some([byte, behind @ ..]) = rest.get(run..) else { return true };
            rest = behind;
            match byte {
                b'[' => start = Some(out.len()),
                b']' => {
                    if !filled {
                        out.truncate(start.unwrap_or_default());
                        filled = true;
                    }
                    start = None;
                }
                letter => filled = self.letter(*letter, line, out),
            }
            if !filled && start.is_none() {
                return false;
            }
        }
    }

    /// Puts what a letter stands for, if there is anything.
    #[inline(never)]
    fn letter(&self, letter: u8, line: &Property<'a>, out: &mut Buf<'_>) -> bool {
        let first = line.first();
        let is_v6 = first.contains(&b':');
        let which = match letter {
            // The interface's name; of the line, its first word, and its family where it is not IPv4.
            b'N' => return put(self.plan.conf.device(self.iface), out),
            // The same where a keyword might stand, or the beginning of one: to iproute2 `a` is `address`.
            b'W' => {
                let name = self.plan.conf.device(self.iface);
                out.str(if ip::is_of_link(name) { "dev " } else { "" });
                return put(name, out);
            }
            b'V' => return put(first, out),
            b'F' => return is_v6 && put(b"-6", out),
            b'A' => return self.address(line, out),
            // The other end of an address: as ifupdown-ng has it, an IPv4 matter. That of a pair.
            b'R' if !is_v6 => Keyword::PointToPoint,
            b'P' if first == b"veth" => Keyword::VethPeerName,
            // The VRF that it is in; the table of the VRF that it is, and that only where it is in none.
            b'M' => Keyword::VrfMember,
            b'O' if self.plan.master(self.iface).is_none() => Keyword::VrfTable,
            b'D' => Keyword::Metric,
            b'U' => Keyword::Mtu,
            b'H' => Keyword::Hwaddress,
            b'Q' => Keyword::Alias,
            // Of a VLAN what it is on and its number.
            b'K' | b'I' => {
                let Some((raw, id)) = self.plan.conf.vlan(self.iface) else { return false };
                return put(if letter == b'K' { raw } else { id }, out);
            }
            b'X' => Keyword::VlanProtocol,
            b'Y' if line.which == Some(Keyword::BondMembers) => return self.bond_options(out),
            b'Y' => return self.dhcp_options(out),
            b'Z' => return put(if values::yes_no(first) == Ok(true) { b"1" } else { b"0" }, out),
            // Of a bridge.
            b'B' => Keyword::BridgeStp,
            b'C' => Keyword::BridgeFd,
            b'E' => Keyword::BridgeHello,
            b'G' => Keyword::BridgeMaxage,
            b'J' => Keyword::BridgeAgeing,
            b'L' => Keyword::BridgeBridgeprio,
            b'S' => Keyword::BridgeVlanAware,
            _ => return false,
        };
        let Some(property) = self.plan.conf.last(self.iface, which) else {
            // ifupdown-ng's default is 1, so that a gateway of DHCP's may stand beside it.
            return match letter {
                b'D' => put(b"1", out),
                b'X' => put(b"802.1Q", out),
                _ => false,
            };
        };
        let value = property.value;
        match letter {
            b'Q' => {
                let quote = if value.contains(&b'\'') { b'"' } else { b'\'' };
                out.byte(quote).bytes(value).byte(quote);
                true
            }
            b'X' => put(vlan_protocol(property.first()), out),
            b'B' | b'S' => put(if values::yes_no(property.first()) == Ok(true) { b"1" } else { b"0" }, out),
            // The file's seconds are hundredths there.
            b'C' | b'E' | b'G' | b'J' => {
                out.num(values::u32_(property.first()).unwrap_or(0).saturating_mul(100));
                true
            }
            // `hwaddress ether MAC` is classic ifupdown.
            b'U' | b'H' => put(value.strip_prefix(b"ether").unwrap_or(value).trim_ascii(), out),
            _ => put(property.first(), out),
        }
    }

    /// The options of a bond, each with a blank before it: they have iproute2's names, but for the line between their words.
    #[inline(never)]
    fn bond_options(&self, out: &mut Buf<'_>) -> bool {
        for line in self.plan.conf.with_any(self.iface, OTHERS) {
            let Some(name) = line.key.strip_prefix(b"bond") else { continue };
            let Some((b'-' | b'_', name)) = name.split_first() else { continue };
            out.byte(b' ');
            for byte in name {
                out.byte(if *byte == b'-' { b'_' } else { *byte });
            }
            out.byte(b' ').bytes(line.first());
        }
        true
    }

    /// The words for a DHCP client, each with a blank before it.
    #[inline(never)]
    fn dhcp_options(&self, out: &mut Buf<'_>) -> bool {
        for line in self.plan.conf.with_any(self.iface, OTHERS) {
            let option = match canonical(line.key) {
                b"dhcp-hostname" => " -x hostname:",
                b"dhcp-vendor" => " -V ",
                b"dhcp-client-id" => " -x 0x3d:",
                b"dhcp-leasetime" => " -x lease:",
                b"dhcp-script" => " -s ",
                b"dhcp-opts" => " ",
                _ => continue,
            };
            // ifupdown-ng would have a shell expand it.
            if !line.value.iter().any(|byte| matches!(byte, b'$' | b'`')) {
                out.str(option).bytes(if option.len() == 1 { line.value } else { line.first() });
            }
        }
        true
    }

    /// An address with its length.
    #[inline(never)]
    fn address(&self, line: &Property<'_>, out: &mut Buf<'_>) -> bool {
        let Ok((addr, len)) = self.plan.conf.address(line) else { return false };
        out.ip(addr).str("/").num(u32::from(len));
        true
    }
}

/// Puts a text there is: true.
fn put(text: &[u8], out: &mut Buf<'_>) -> bool {
    out.bytes(text);
    true
}

/// What an interface needs that is only named: to be up, or no more.
#[inline(never)]
pub fn bare(name: &[u8], at: u32, up: bool, sink: Sink<'_>) -> Walk {
    let mut room = [0; limits::COMMAND];
    let mut out = Buf::new(&mut room);
    out.str("ip link set dev ").bytes(name).str(if up { " up" } else { " down" });
    sink(&Item { at, command: out.as_bytes(), shell: false, implied: false })
}

/// What is printed of a plan, item by item.
#[derive(Default)]
pub struct Listing<'n> {
    /// Whose the last item is.
    headed: &'n [u8],
    /// Which of [`RULES`] are there.
    rules: [bool; RULES.len()],
}

impl<'n> Listing<'n> {
    /// Puts the line that says whose the commands below it are, where that is another one.
    #[inline(never)]
    pub fn put_heading(&mut self, name: &'n [u8], place: Place<'_>, out: &mut Buf<'_>) {
        if self.headed != name {
            self.headed = name;
            out.str("# ").shown(name).str(" (").shown(place.file).str(":").num(place.line).str(")\n");
        }
    }

    /// Puts a command. The kernel's own rules are there since the first VRF, and made again would only say so: unless it is known
    /// that they are missing, they are a comment. Those that every VRF needs are put once.
    #[inline(never)]
    pub fn put_command(&mut self, command: &[u8], implied: bool, or_there: bool, out: &mut Buf<'_>) {
        let rule = RULES.iter().position(|rule| implied && *rule == command);
        if rule.and_then(|rule| self.rules.get_mut(rule)).is_some_and(|done| core::mem::replace(done, true)) {
            return;
        }
        let kernels = or_there && rule.is_some_and(|rule| rule < rules::KERNELS);
        if kernels {
            out.str("# ");
        }
        for byte in command {
            out.byte(if *byte == VT { b' ' } else { *byte });
        }
        out.str(match (kernels, implied) {
            (true, _) => "  # if the kernel's own is not there any more\n",
            (_, true) => "  # for isolation; not in the file\n",
            _ => "\n",
        });
    }
}
