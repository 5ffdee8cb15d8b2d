#!/bin/sh
# What files say in the words of interfaces(5), against the same by hand with iproute2. Every case has a namespace of its
# own with eth0 and eth1, which are down and have nothing.
# kernels: once
# modules: vrf dummy 8021q bridge
# timeout: 180

fresh() {
    ip netns add "$1"
    on "$1" ip link add eth0 type dummy
    on "$1" ip link add eth1 type dummy
    # The kernel's rule 1000 never goes again.
    on "$1" sh -ec 'ip link set lo up; ip link add probe type vrf table 99; ip link del probe'
}

# keep NS FILE: its state, when it has come to rest
keep() {
    sleep 1
    state -n "$1" >"$2"
}

# same_as WHAT NS FILE
same_as() {
    printf 'case_ inner\nsame_state "%s" %s\n' "$1" "$3" >/test/compare
    on "$2" sh /test/lib.sh /test/compare >/tmp/compared
    grep -q '^ok' /tmp/compared && return 0
    fail "$1"
    grep '^#   ' /tmp/compared
}

# as_by_hand CASE: the file is on standard input, the commands are in /tmp/hand
as_by_hand() {
    cat >"/tmp/$1"
    fresh "$1h"
    keep "$1h" /tmp/before
    expect 'by hand' on "$1h" sh -e /tmp/hand
    keep "$1h" /tmp/after
    fresh "$1"
    expect 'up succeeds' on "$1" /vrf-launch -c "/tmp/$1" up --exact
    same_as 'up makes the same state' "$1" /tmp/after
    expect 'up once more succeeds' on "$1" /vrf-launch -c "/tmp/$1" up --exact
    same_as 'and changes nothing' "$1" /tmp/after
    expect 'down succeeds' on "$1" /vrf-launch -c "/tmp/$1" down
    same_as 'down leaves the state before' "$1" /tmp/before
}

case_ templates_and_files_that_read_others
mkdir /tmp/parts
cat >/tmp/parts/2.cfg <<'END'
auto eth0
iface eth0
    inherit in-red
    address 10.0.0.1
    netmask 255.255.0.0
iface eth0 inet6 static
    address fd00::1
    mtu 1300
END
cat >/tmp/parts/1.cfg <<'END'
defaults
    mtu 1400
template in-red
    vrf red
    gateway 10.0.0.254
END
cat >/tmp/hand <<'END'
ip link add red type vrf table 10
ip link set red up mtu 1400
ip addr add 10.9.9.9/32 dev red
ip link set eth0 master red
ip link set eth0 up mtu 1300
ip addr add 10.0.0.1/16 dev eth0
ip addr add fd00::1/64 dev eth0
ip route add default via 10.0.0.254 vrf red metric 1 dev eth0 onlink
END
as_by_hand files <<'END'
source /tmp/parts/*.cfg
iface red
    vrf-table 10
    address 10.9.9.9/32
END

case_ legacy_forms
cat >/tmp/hand <<'END'
ip link set eth0 up address 02:00:00:00:00:07 alias "the operator's own"
ip addr add 192.0.2.1/25 dev eth0
ip addr add 2001:db8::1/48 dev eth0
ip route add default via 192.0.2.126 metric 1 dev eth0 onlink
ip -6 route add default via 2001:db8::ff metric 1 dev eth0 onlink
ip link set eth1 up
ip addr add 10.0.0.1/32 peer 10.0.0.2 dev eth1
ip route add default via 10.0.0.2 metric 7 dev eth1 onlink
END
as_by_hand legacy <<'END'
auto lo eth0 eth1
iface lo inet loopback
iface eth0 inet static
    address 192.0.2.1
    netmask 255.255.255.128
    network 192.0.2.0
    broadcast 192.0.2.127
    gateway 192.0.2.126
    hwaddress ether 02:00:00:00:00:07
    alias the operator's own
iface eth0 inet6 static
    address 2001:db8::1
    netmask 48
    gateway 2001:db8::ff
iface eth1 inet static
    address 10.0.0.1/32
    pointopoint 10.0.0.2
    gateway 10.0.0.2
    metric 7
END

case_ vlans_and_bridges_in_a_vrf
cat >/tmp/hand <<'END'
ip link add red type vrf table 10
ip link add link eth0 name eth0.5 type vlan id 5
ip link add link eth0 name wan type vlan id 9 protocol 802.1ad
ip link add br0 type bridge
ip link set br0 type bridge stp_state 0 forward_delay 400 hello_time 200 priority 4096 vlan_filtering 1
ip link add d0 type dummy
ip link set d0 up
ip link set red up
ip link set eth0 up
ip link set eth0.5 master red
ip link set eth0.5 up
ip addr add 10.0.5.1/24 dev eth0.5
ip link set eth1 master br0 up
ip link set d0 master br0
ip link set br0 master red
ip link set br0 up
ip addr add 10.0.6.1/24 dev br0
ip link set wan up
END
as_by_hand stacked <<'END'
auto eth0.5 br0 wan
iface eth0.5
    vrf red
    address 10.0.5.1
iface wan
    vlan-raw-device eth0
    vlan-id 9
    vlan-protocol 802.1ad
iface br0
    bridge-ports eth1 d0
    bridge-stp off
    bridge-fd 4
    bridge-hello 2
    bridge-bridgeprio 4096
    bridge-vlan-aware yes
    vrf red
    address 10.0.6.1
iface d0
    link-type dummy
iface red
    vrf-table 10
END

case_ commands_have_the_environment_of_ifupdown_ng
fresh environment
cat >/tmp/environment <<'END'
template t
    x-of_template y z
iface red
    vrf-table 10
auto eth0
iface eth0
    inherit t
    address 10.0.0.1
    address fd00::1/128
    gateway 10.0.0.2
    vrf red
    mtu 1400
    up env >/tmp/env.up; echo "not # a comment" >/tmp/said.up
    post-down env >/tmp/env.down && :
iface eth0
    mtu 1300
END
expect 'up succeeds' on environment /vrf-launch -v -c /tmp/environment up
cat >/tmp/wanted <<'END'
IFACE=eth0
IF_ADDRESS=10.0.0.1/24
IF_ADDRESSES=10.0.0.1/24 fd00::1/128 
IF_GATEWAY=10.0.0.2
IF_GATEWAYS=10.0.0.2 
IF_INHERIT=t
IF_MTU=1300
IF_VRF_MEMBER=red
IF_X_OF_TEMPLATE=y z
INTERFACES_FILE=/tmp/environment
METHOD=none
MODE=start
PATH=/usr/bin:/bin:/usr/sbin:/sbin
PHASE=up
VERBOSE=1
END
equal 'in up' "$(grep -Ev '^(IF_UP|IF_POST_DOWN|PWD|SHLVL|_|OLDPWD)=' /tmp/env.up | sort)" "$(cat /tmp/wanted)"
equal 'a hash in quotes is no comment' "$(cat /tmp/said.up)" 'not # a comment'
expect 'down succeeds' on environment /vrf-launch -c /tmp/environment down
equal 'in post-down' "$(grep -E '^(MODE|PHASE|VERBOSE)' /tmp/env.down)" 'MODE=stop
PHASE=post-down'
