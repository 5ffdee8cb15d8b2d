//! Keywords of an interface's stanza: the ones known here, and what their values may be.

use super::Fault;
use super::lines::Line;
use super::values::{self, Reason};
use super::words::{Words, code, coded};
use crate::bytes::before;
use crate::near::Near;
use crate::text::Buf;
use crate::wire::msg::Writer;
use crate::{ip, limits};

/// A keyword that means something here. Source: interfaces(5), interfaces-vrf(5) of ifupdown-ng.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "each is the keyword of its name; NAMES is the table")]
pub enum Keyword {
    Address = b'a',
    Alias,
    Down,
    Gateway,
    Hwaddress,
    LinkType,
    Metric,
    Mtu,
    Netmask,
    PointToPoint,
    PostDown,
    PostUp,
    PreDown,
    PreUp,
    Requires,
    Up,
    VethPeerName,
    VrfAccept,
    VrfIsolation,
    VrfLoopback,
    VrfMember,
    VrfRoute,
    VrfRules,
    VrfShared,
    VrfStrictMode,
    VrfTable,
    Inherit,
    Use,
    VlanRawDevice,
    VlanId,
    VlanProtocol,
    BridgePorts,
    BridgeStp,
    BridgeFd,
    BridgeHello,
    BridgeMaxage,
    BridgeAgeing,
    BridgeBridgeprio,
    BridgeVlanAware,
    BridgeHw,
    AcceptRa,
    Autoconf,
    DadTransmits,
    Privext,
    BondMembers,
}

impl Keyword {
    /// Its place in a set of keywords.
    #[allow(clippy::as_conversions, reason = "an enum of one byte, and 45 words")]
    pub const fn bit(self) -> u64 {
        1 << (self as u8 - Self::Address as u8)
    }
}

/// In a set of keywords: those that are not known here, and may be an executor's.
pub const OTHERS: u64 = 1 << 63;

/// Every spelling, each behind the byte of its keyword. `pointopoint` is classic ifupdown's, `vrf` ifupdown2's. Those that most
/// files have stand first, as they are looked for from there.
pub(super) const NAMES: &[u8] = &coded(
    b" aaddress dgateway uvrf zvrf-table vvrf-route flink-type lpost-up pup npre-up uvrf-member \
balias cdown ehwaddress gmetric hmtu inetmask jpoint-to-point jpointopoint kpost-down mpre-down orequires qveth-peer-name rvrf-accept \
svrf-isolation tvrf-loopback wvrf-rules xvrf-shared yvrf-strict-mode {inherit |use \
}vlan-raw-device ~vlan-id \x7fvlan-protocol \x80bridge-ports \x81bridge-stp \x82bridge-fd \x83bridge-hello \
\x84bridge-maxage \x85bridge-ageing \x86bridge-bridgeprio \x87bridge-vlan-aware \x88bridge-hw \x89ipv6-accept-ra \x89accept_ra \
\x8aipv6-autoconf \x8aautoconf \x8bipv6-dad-transmits \x8bdad_transmits \x8bdad-attempts \x8cprivext \
\x8dbond-members \x8dbond-slaves",
);

/// The keyword a word is, if it is one.
#[inline(never)]
pub fn keyword(word: &[u8]) -> Option<Keyword> {
    use Keyword as K;
    // Debian's packages write these with a line below.
    let mut room = [0; 24];
    let mut word = word;
    if word.len() <= room.len() && matches!(before(word, b'_'), b"bridge" | b"bond" | b"vlan") {
        for (to, from) in room.iter_mut().zip(word) {
            *to = if *from == b'_' { b'-' } else { *from };
        }
        word = room.get(..word.len()).unwrap_or_default();
    }
    // The letters in the order of the enum: the compiler makes one addition of this.
    Some(match code(NAMES, word) {
        b'a' => K::Address,
        b'b' => K::Alias,
        b'c' => K::Down,
        b'd' => K::Gateway,
        b'e' => K::Hwaddress,
        b'f' => K::LinkType,
        b'g' => K::Metric,
        b'h' => K::Mtu,
        b'i' => K::Netmask,
        b'j' => K::PointToPoint,
        b'k' => K::PostDown,
        b'l' => K::PostUp,
        b'm' => K::PreDown,
        b'n' => K::PreUp,
        b'o' => K::Requires,
        b'p' => K::Up,
        b'q' => K::VethPeerName,
        b'r' => K::VrfAccept,
        b's' => K::VrfIsolation,
        b't' => K::VrfLoopback,
        b'u' => K::VrfMember,
        b'v' => K::VrfRoute,
        b'w' => K::VrfRules,
        b'x' => K::VrfShared,
        b'y' => K::VrfStrictMode,
        b'z' => K::VrfTable,
        b'{' => K::Inherit,
        b'|' => K::Use,
        b'}' => K::VlanRawDevice,
        b'~' => K::VlanId,
        0x7f => K::VlanProtocol,
        0x80 => K::BridgePorts,
        0x81 => K::BridgeStp,
        0x82 => K::BridgeFd,
        0x83 => K::BridgeHello,
        0x84 => K::BridgeMaxage,
        0x85 => K::BridgeAgeing,
        0x86 => K::BridgeBridgeprio,
        0x87 => K::BridgeVlanAware,
        0x88 => K::BridgeHw,
        0x89 => K::AcceptRa,
        0x8a => K::Autoconf,
        0x8b => K::DadTransmits,
        0x8c => K::Privext,
        0x8d => K::BondMembers,
        _ => return None,
    })
}

/// How keywords begin that nobody else has: another word that begins so is a mistake, and not somebody else's keyword.
pub const OURS: &[u8] = b"vrf-";

/// The usual spellings of keywords that have others: pairs of one of those and the usual one.
///
/// Of those that ifupdown-ng knows, the ones for tunnels and Ethernet drivers are left out.
const SPELLINGS: &[u8] = b"pointopoint point-to-point vrf vrf-member bond-slaves bond-members hostname dhcp-hostname \
accept_ra ipv6-accept-ra autoconf ipv6-autoconf dad_transmits ipv6-dad-transmits client dhcp-client-id \
dhcp-client_id dhcp-client-id udhcpc-opts dhcp-opts leasetime dhcp-leasetime script dhcp-script vendor dhcp-vendor provider ppp-provider";

/// A keyword in its usual spelling. Source: `libifupdown/interface-file.c: tokens` of ifupdown-ng.
#[inline(never)]
pub fn canonical(word: &[u8]) -> &[u8] {
    let mut spellings = Words::new(SPELLINGS);
    while let (Some(other), Some(usual)) = (spellings.next(), spellings.next()) {
        if other == word {
            return usual;
        }
    }
    word
}

/// The keyword that was meant by a word that is none, where there is next to no doubt.
#[inline(never)]
pub fn near(word: &[u8]) -> &[u8] {
    // vxlan-id is ifupdown-ng's, and no vlan-id.
    if word == b"vxlan-id" { b"" } else { Near::new(word).offer_coded(NAMES).surely() }
}

/// Whether the word is a keyword of somebody else.
pub fn is_foreign(word: &[u8]) -> bool {
    keyword(word).is_none() && ![b"dhcp-", b"bond-"].iter().any(|start| canonical(word).starts_with(*start))
}

/// One line of a stanza: `at` is its place, `value` all that follows the keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Property<'a> {
    /// Offset of the line in the text.
    pub at: u32,
    /// The first word.
    pub key: &'a [u8],
    /// The rest of the line, without blanks around it.
    pub value: &'a [u8],
    /// The keyword that `key` is, if it is one.
    pub which: Option<Keyword>,
}

impl<'a> Property<'a> {
    /// A line as a property.
    pub fn of(line: Line<'a>) -> Self {
        let property = Self::known(line, None);
        Self { which: keyword(property.key), ..property }
    }

    /// A line that begins with that keyword, or one whose keyword does not matter.
    pub fn known(line: Line<'a>, which: Option<Keyword>) -> Self {
        let mut words = Words::new(line.body);
        let key = words.next().unwrap_or_default();
        Self { at: line.at, key, value: words.rest(), which }
    }

    /// The first word of the value; empty where there is none.
    #[inline(never)]
    pub fn first(&self) -> &'a [u8] {
        Words::new(self.value).next().unwrap_or_default()
    }

    /// This line's fault.
    pub const fn fault(&self, word: &'a [u8], reason: &'static str) -> Fault<'a> {
        Fault { at: self.at, key: self.key, word, reason }
    }

    /// `vrf-route PREFIX …` or `vrf-route unreachable PREFIX`: as `ip route add`, in the VRF's table.
    pub fn put_route(&self, table: &[u8], out: &mut Buf<'_>) {
        out.str("ip route add ").bytes(self.value).str(" table ").bytes(table);
    }

    /// Whether the value is one that the keyword takes; if not, `word` is what is wrong with it. Says nothing of
    /// keywords that are not known here.
    #[inline(never)]
    pub fn check(&self, word: &mut &'a [u8]) -> Result<(), Reason> {
        use Keyword as K;
        let first = self.first();
        *word = first;
        let Some(keyword) = self.which else {
            return if self.key.starts_with(OURS) { Err(NO_SUCH_KEYWORD) } else { Ok(()) };
        };
        if self.value.is_empty() {
            return Err("a value is missing");
        }
        if matches!(
            keyword,
            K::Mtu
                | K::Metric
                | K::VethPeerName
                | K::VrfMember
                | K::VrfShared
                | K::VrfTable
                | K::VlanId
                | K::VlanRawDevice
        ) {
            // Others take the first word, as ifupdown-ng does; with these its commands would fail.
            if let Some(second) = Words::new(self.value).nth(1) {
                *word = second;
                return Err("one word too many");
            }
        }
        match keyword {
            // Of the types of links, others than ours are made by somebody else (bridge, bond, …).
            K::LinkType | K::Requires | K::Inherit | K::Use => Ok(()),
            K::BridgePorts | K::BondMembers => match Words::new(self.value).find(|port| values::if_name(port).is_err())
            {
                None => Ok(()),
                Some(port) => {
                    *word = port;
                    values::if_name(port).map(drop)
                }
            },
            K::VlanId => vlan_id(first).map(drop),
            K::VlanProtocol => match vlan_protocol(first) {
                b"" => Err("neither 802.1q nor 802.1ad"),
                _ => Ok(()),
            },
            K::BridgeFd | K::BridgeHello | K::BridgeMaxage | K::BridgeAgeing | K::BridgeBridgeprio => {
                values::u32_(first).map(drop)
            }
            K::PreUp | K::Up | K::PostUp | K::PreDown | K::Down | K::PostDown => self.check_command(word),
            K::Address | K::PointToPoint => values::address_len(first).map(drop),
            K::Gateway => values::address(first).map(drop),
            K::Netmask => values::netmask(first).map(drop),
            K::AcceptRa | K::Privext if !matches!(first, b"0" | b"1" | b"2") => Err("neither 0, 1 nor 2"),
            K::AcceptRa | K::Privext => Ok(()),
            K::Metric | K::Mtu | K::DadTransmits => values::u32_(first).map(drop),
            K::VethPeerName | K::VrfMember | K::VrfShared | K::VlanRawDevice => values::if_name(first).map(drop),
            K::VrfTable => vrf_table(first).map(drop),
            K::VrfLoopback | K::VrfRules | K::VrfStrictMode | K::Autoconf | K::BridgeStp | K::BridgeVlanAware => {
                values::yes_no(first).map(drop)
            }
            K::Hwaddress | K::BridgeHw => {
                if first == b"ether" {
                    *word = Words::new(self.value).nth(1).unwrap_or_default();
                }
                values::mac(word).map(drop)
            }
            K::VrfIsolation => isolation(first),
            K::Alias if self.value.len() > ALIAS => Err("longer than 255 bytes"),
            K::Alias => {
                *word = self.value;
                // Then it stands in "…", which keeps all but these.
                let kept = !self.value.iter().any(|byte| matches!(byte, b'"' | b'$' | b'`' | b'\\'));
                if kept || !self.value.contains(&b'\'') { Ok(()) } else { Err(QUOTES) }
            }
            K::VrfRoute => {
                *word = self.value;
                self.check_route()
            }
            K::VrfAccept => {
                match Words::new(self.value).find(|kind| code(const { &coded(b" ttcp uudp rraw") }, kind) == 0) {
                    None => Ok(()),
                    Some(kind) => {
                        *word = kind;
                        Err("neither tcp, udp nor raw")
                    }
                }
            }
        }
    }

    /// A phase line that `ip(8)` would carry out has to be right, as far as that is known here.
    #[inline(never)]
    fn check_command(&self, word: &mut &'a [u8]) -> Result<(), Reason> {
        let mut room = [0; limits::REQUEST];
        match ip::check(self.value, &mut Writer::new(&mut room)) {
            Some(Err(ip::Fault { word: wrong, wrong: ip::Wrong::Bad(reason) })) => {
                *word = wrong;
                Err(reason)
            }
            _ => Ok(()),
        }
    }

    #[inline(never)]
    fn check_route(&self) -> Result<(), Reason> {
        if Words::new(self.value).any(|word| code(const { &coded(b" ttable vvrf") }, word) != 0) {
            return Err("the table is the VRF's own and is not said again");
        }
        let mut room = [0; limits::COMMAND];
        let mut out = Buf::new(&mut room);
        self.put_route(b"1", &mut out);
        let mut body = [0; limits::REQUEST];
        match ip::check(out.as_bytes(), &mut Writer::new(&mut body)) {
            Some(Ok(_)) if !out.is_cut() => Ok(()),
            Some(Err(ip::Fault { wrong: ip::Wrong::Bad(reason), .. })) => Err(reason),
            _ => Err("not a route: PREFIX [via GATEWAY] [dev INTERFACE] [metric N]"),
        }
    }
}

const QUOTES: Reason = "an alias with an apostrophe and one of \" $ ` \\";

/// Bytes of an alias at most. Source: `uapi/linux/if.h: IFALIASZ`, less the NUL.
const ALIAS: usize = 255;

/// The reason why a word with [`OURS`] before it is none.
pub(super) const NO_SUCH_KEYWORD: &str = "no such keyword; those with vrf- are vrf-table, vrf-member, vrf-route, vrf-rules, vrf-loopback, \
    vrf-isolation, vrf-shared, vrf-accept, vrf-strict-mode";

/// The levels of isolation, each behind its first letter.
pub(super) const LEVELS: &[u8] = &coded(b" bbind gguard sstrict");
pub(super) const NO_SUCH_LEVEL: &str = "the levels are bind, guard, strict";

/// A level of isolation.
pub fn isolation(word: &[u8]) -> Result<(), Reason> {
    match code(LEVELS, word) {
        0 => Err(NO_SUCH_LEVEL),
        _ => Ok(()),
    }
}

/// A VRF's table: any but 0 (no table) and `local`, in which the VRF would shadow the machine's own addresses.
pub fn vrf_table(word: &[u8]) -> Result<u32, &'static str> {
    match values::u32_(word) {
        Ok(0) | Err(_) => Err("not a table number (1 to 4294967295)"),
        Ok(253..=255) => Err("tables 253, 254 and 255 are the machine's own (default, main, local)"),
        Ok(table) => Ok(table),
    }
}

/// The number of a VLAN. Source: IEEE 802.1Q; 4095 is reserved.
pub fn vlan_id(word: &[u8]) -> Result<u32, Reason> {
    match values::u32_(word) {
        Ok(id @ 0..=4094) => Ok(id),
        _ => Err("not the number of a VLAN (0 to 4094)"),
    }
}

/// The protocol of a VLAN as `ip` has it; empty for a word that is none.
pub fn vlan_protocol(word: &[u8]) -> &'static [u8] {
    match code(const { &coded(b" q802.1q q802.1Q a802.1ad a802.1AD aqinq aQinQ aQINQ aq-in-q aQ-in-Q") }, word) {
        b'q' => b"802.1Q",
        b'a' => b"802.1ad",
        _ => b"",
    }
}
