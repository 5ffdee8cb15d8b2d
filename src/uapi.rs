//! The kernel's constants at the width in which they travel, and the few that the crates lack.
//!
//! linux-raw-sys has most of them, but as `u32` or as members of (often anonymous) enums, whatever the field is that
//! they are put into. Here each has its field's type once and for all, so that nobody else converts; a value that did
//! not fit would fail the build. Names are the kernel's.

use linux_raw_sys::if_arp::{self, net_device_flags};
use linux_raw_sys::net;
use linux_raw_sys::netlink::{self, nlmsgerr_attrs, rt_class_t, rt_scope_t, rtattr_type_t, rtnetlink_groups};

/// Declares constants of that type with the value that linux-raw-sys gives them.
///
/// A macro, because no one function takes the members of different enums, and `as` is the only way out of one.
macro_rules! constants {
    ($type:ty: $($home:ident => $($name:ident)+;)+) => {
        $($(
            #[doc = concat!("The kernel's `", stringify!($name), "`.")]
            #[allow(clippy::as_conversions)] // proven by the assertion
            pub const $name: $type = {
                let value = $home::$name as u32;
                assert!(value as $type as u32 == value);
                value as $type
            };
        )+)+
    };
}

// Sockets. Source: `asm/socket.h`, `linux/socket.h`, `uapi/linux/netlink.h`.
constants! { u32:
    net => AF_NETLINK SOCK_RAW SOCK_DGRAM SOCK_STREAM SOL_SOCKET SO_NETNS_COOKIE SO_BINDTOIFINDEX;
    netlink => NETLINK_ROUTE;
}

// Address families, as the first byte of every rtnetlink message has them. Source: `linux/socket.h`.
constants! { u8:
    net => AF_UNSPEC AF_INET AF_INET6;
}

// Message types and flags. Source: `uapi/linux/netlink.h`, `uapi/linux/rtnetlink.h`.
constants! { u16:
    netlink => NLMSG_NOOP NLMSG_ERROR NLMSG_DONE NLMSG_OVERRUN;
    netlink => NLM_F_REQUEST NLM_F_MULTI NLM_F_ACK NLM_F_DUMP_INTR NLM_F_DUMP_FILTERED NLM_F_DUMP;
    netlink => NLM_F_REPLACE NLM_F_EXCL NLM_F_CREATE NLM_F_APPEND NLM_F_CAPPED NLM_F_ACK_TLVS;
    netlink => RTM_NEWLINK RTM_DELLINK RTM_GETLINK RTM_NEWADDR RTM_DELADDR RTM_GETADDR;
    netlink => RTM_NEWROUTE RTM_DELROUTE RTM_GETROUTE RTM_NEWRULE RTM_DELRULE RTM_GETRULE;
    netlink => RTM_GETNEIGH RTM_GETNSID;
    netlink => RTM_NEWQDISC RTM_DELQDISC RTM_NEWTFILTER RTM_DELTFILTER RTM_GETTFILTER;
}

// Attributes: of any message, and of an acknowledgement. Source: `uapi/linux/netlink.h`.
constants! { u16:
    netlink => NLA_F_NESTED NLA_F_NET_BYTEORDER;
    nlmsgerr_attrs => NLMSGERR_ATTR_MSG NLMSGERR_ATTR_OFFS NLMSGERR_ATTR_MISS_TYPE;
}

// Links. Source: `uapi/linux/if_link.h`, `uapi/linux/if.h`.
constants! { u16:
    netlink => IFLA_ADDRESS IFLA_IFNAME IFLA_MTU IFLA_MASTER IFLA_OPERSTATE IFLA_LINKINFO IFLA_IFALIAS IFLA_EXT_MASK;
    netlink => IFLA_AF_SPEC IFLA_CARRIER IFLA_INFO_KIND IFLA_INFO_DATA IFLA_INFO_SLAVE_KIND IFLA_INFO_SLAVE_DATA;
    netlink => IFLA_VRF_TABLE IFLA_VRF_PORT_TABLE IFLA_LINK IFLA_VLAN_ID IFLA_VLAN_PROTOCOL;
    netlink => IFLA_BR_FORWARD_DELAY IFLA_BR_HELLO_TIME IFLA_BR_MAX_AGE IFLA_BR_AGEING_TIME IFLA_BR_STP_STATE;
    netlink => IFLA_BR_PRIORITY IFLA_BR_VLAN_FILTERING;
    netlink => IFLA_BOND_AD_ACTOR_SYS_PRIO IFLA_BOND_AD_LACP_RATE IFLA_BOND_AD_SELECT IFLA_BOND_AD_USER_PORT_KEY IFLA_BOND_ALL_SLAVES_ACTIVE;
    netlink => IFLA_BOND_ARP_INTERVAL IFLA_BOND_ARP_VALIDATE IFLA_BOND_DOWNDELAY IFLA_BOND_FAIL_OVER_MAC IFLA_BOND_LP_INTERVAL;
    netlink => IFLA_BOND_MIIMON IFLA_BOND_MIN_LINKS IFLA_BOND_MODE IFLA_BOND_NUM_PEER_NOTIF IFLA_BOND_PACKETS_PER_SLAVE;
    netlink => IFLA_BOND_PEER_NOTIF_DELAY IFLA_BOND_PRIMARY IFLA_BOND_PRIMARY_RESELECT IFLA_BOND_RESEND_IGMP IFLA_BOND_UPDELAY;
    netlink => IFLA_BOND_USE_CARRIER IFLA_BOND_XMIT_HASH_POLICY;
    netlink => IFLA_QDISC IFLA_GROUP IFLA_TXQLEN IFLA_LINKMODE IFLA_BROADCAST IFLA_LINK_NETNSID IFLA_PROTO_DOWN IFLA_PROP_LIST;
}
constants! { u32:
    net_device_flags => IFF_UP IFF_LOOPBACK IFF_RUNNING IFF_MASTER IFF_LOWER_UP;
    netlink => RTEXT_FILTER_SKIP_STATS;
}
constants! { u8:
    if_arp => IF_OPER_UNKNOWN IF_OPER_DOWN IF_OPER_UP;
}

/// The other end of a veth pair: an `ifinfomsg` with attributes of its own.
///
/// Source: `uapi/linux/veth.h`.
pub const VETH_INFO_PEER: u16 = 1;

// Addresses. Source: `uapi/linux/if_addr.h`.
constants! { u16:
    netlink => IFA_ADDRESS IFA_LOCAL IFA_LABEL IFA_BROADCAST IFA_CACHEINFO IFA_FLAGS IFA_RT_PRIORITY IFA_PROTO;
}
constants! { u32:
    netlink => IFA_F_SECONDARY IFA_F_NODAD IFA_F_DADFAILED IFA_F_TENTATIVE IFA_F_PERMANENT IFA_F_NOPREFIXROUTE;
}

// Routes. Source: `uapi/linux/rtnetlink.h`.
constants! { u16:
    rtattr_type_t => RTA_DST RTA_SRC RTA_IIF RTA_OIF RTA_GATEWAY RTA_PRIORITY RTA_PREFSRC RTA_METRICS;
    rtattr_type_t => RTA_MULTIPATH RTA_TABLE RTA_VIA RTA_CACHEINFO RTA_PREF RTA_NH_ID RTA_IP_PROTO RTA_SPORT RTA_DPORT RTA_UID;
    netlink => RTAX_MTU;
}
constants! { u8:
    netlink => RTN_UNSPEC RTN_UNICAST RTN_LOCAL RTN_BROADCAST RTN_ANYCAST RTN_MULTICAST RTN_BLACKHOLE;
    netlink => RTN_UNREACHABLE RTN_PROHIBIT RTN_THROW;
    rt_scope_t => RT_SCOPE_UNIVERSE RT_SCOPE_SITE RT_SCOPE_LINK RT_SCOPE_HOST RT_SCOPE_NOWHERE;
    netlink => RTPROT_UNSPEC RTPROT_KERNEL RTPROT_BOOT RTPROT_STATIC;
}
constants! { u32:
    rt_class_t => RT_TABLE_UNSPEC RT_TABLE_MAIN RT_TABLE_LOCAL;
    netlink => RTM_F_CLONED RTM_F_LOOKUP_TABLE RTM_F_FIB_MATCH RTNH_F_DEAD RTNH_F_ONLINK RTNH_F_LINKDOWN;
    rtnetlink_groups => RTNLGRP_LINK RTNLGRP_IPV4_IFADDR RTNLGRP_IPV4_ROUTE RTNLGRP_IPV6_IFADDR RTNLGRP_IPV6_ROUTE;
}

// Queues and filters. Source: `uapi/linux/rtnetlink.h`.
constants! { u16:
    netlink => TCA_KIND TCA_OPTIONS;
}

// Neighbours. Source: `uapi/linux/neighbour.h`.
constants! { u16:
    netlink => NDA_DST NDA_LLADDR;
}

/// The number of a network namespace, and what names it in a question. Source: `uapi/linux/net_namespace.h`.
pub const NETNSA_NSID: u16 = 1;
/// As [`NETNSA_NSID`].
pub const NETNSA_FD: u16 = 3;

/// Multipath TCP. Source: `uapi/linux/in.h`.
pub const IPPROTO_MPTCP: u32 = 262;

/// The metric of an IPv6 route that says none. Source: `net/ip6_route.h`.
pub const IP6_RT_PRIO_USER: u32 = 1024;

// Rules. Source: `uapi/linux/fib_rules.h`.
constants! { u16:
    netlink => FRA_DST FRA_SRC FRA_IIFNAME FRA_PRIORITY FRA_FWMARK FRA_SUPPRESS_PREFIXLEN FRA_TABLE FRA_FWMASK;
    netlink => FRA_OIFNAME FRA_PAD FRA_L3MDEV FRA_PROTOCOL FRA_GOTO FRA_UID_RANGE FRA_IP_PROTO FRA_SPORT_RANGE FRA_DPORT_RANGE;
    netlink => FRA_SUPPRESS_IFGROUP FRA_TUN_ID FRA_DSCP FRA_FLOWLABEL FRA_SPORT_MASK FRA_DPORT_MASK;
}
constants! { u8:
    netlink => FR_ACT_UNSPEC FR_ACT_TO_TBL FR_ACT_GOTO FR_ACT_NOP FR_ACT_BLACKHOLE FR_ACT_UNREACHABLE FR_ACT_PROHIBIT;
}
constants! { u32:
    netlink => FIB_RULE_PERMANENT FIB_RULE_INVERT FIB_RULE_UNRESOLVED FIB_RULE_IIF_DETACHED FIB_RULE_OIF_DETACHED;
}
