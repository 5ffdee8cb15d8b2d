#!/bin/sh
# Rules of other programs beside those that isolate: both keep what they do, whichever is there first.
#
# Each set of rules below is tried in a network namespace of its own, in each order (added before `up`, after it, and one half
# before and the other after), through these steps: up, up again, down, up, `ip rule flush`, a manager that deletes whatever is not
# `protocol kernel`, down. At each step three things are compared with namespaces that never met the program:
#
#   rules     the rules of both families, byte for byte as `ip -d -j rule` prints them, with those of a namespace without a VRF to
#             which the same rules were added in the same order, and the two that isolate in front of them
#   outside   the lookups below, with the same namespace without a VRF
#   inside    the lookups below, with a namespace without rules of others whose VRF was made by iproute2
#
# neighbours.md has the table; the last case compares it.
# modules: vrf veth dummy wireguard
# files: neighbours.md=/test/neighbours.md
# timeout: 400

# ---- The sets of rules ---------------------------------------------------------------------------------------------
# A line that is not indented is the name of a set. Each indented line is added to both families by `ip rule add`; one that begins
# with `4` or `6` to that family alone. The words in capitals are addresses (see `addresses`).
sets() {
    cat <<'END'
wg-quick
    not fwmark 51820 table 51820
    table main suppress_prefixlength 0
NetBird
    pref 100 table main suppress_prefixlength 0
    pref 110 not fwmark 0x1bd00 table 7120
strongSwan
    pref 220 table 220
Tailscale
    pref 5210 fwmark 0x80000/0xff0000 table main
    pref 5230 fwmark 0x80000/0xff0000 table default
    pref 5250 fwmark 0x80000/0xff0000 unreachable
    pref 5270 table 52
mwan3
    pref 1001 iif eth1 table 1
    pref 1002 iif wg0 table 2
    pref 2001 fwmark 0x100/0x3f00 table 1
    pref 2002 fwmark 0x200/0x3f00 table 2
    pref 2061 fwmark 0x3d00/0x3f00 blackhole
    pref 2062 fwmark 0x3e00/0x3f00 unreachable
    pref 3001 fwmark 0x100/0x3f00 unreachable
    pref 3002 fwmark 0x200/0x3f00 unreachable
keepalived
    pref 300 from VIP table 90 protocol 18
    pref 301 from VIP unreachable protocol 18
    pref 302 from OTHER table 91 protocol 18
    pref 303 from OTHER prohibit protocol 18
by source, without a preference
    from OWN table 90
    from OTHER table 91
by source, at 100
    pref 100 from OWN table 90
all, at 1000
    pref 1000 table 90
all, at 1500
    pref 1500 table 90
all, at 2500
    pref 2500 table 90
by source, at 0
    pref 0 from OWN table 90
    pref 0 from OTHER table 91
not by source, at 0
    pref 0 not from OWN table 91
    pref 0 not fwmark 0x80000/0xff0000 table 90
not by source, without a preference
    not from OWN table 91
by user, protocol and port
    pref 200 uidrange 1000-1999 table 90
    pref 210 ipproto tcp dport 443 table 91
    pref 220 ipproto udp sport 5000-6000 table 90
    pref 230 iif lo oif eth2 uidrange 0-0 table 91
by user, protocol and port, at 0
    pref 0 uidrange 1000-1999 table 90
    pref 0 ipproto tcp dport 443 table 91
    pref 0 ipproto udp sport 5000-6000 table 90
goto and nop
    pref 300 goto 400
    pref 310 table 90
    pref 400 nop
    pref 410 from OTHER goto 32765
    pref 420 from OWN goto 500
goto and nop, at 0
    pref 0 from OTHER goto 400
    pref 0 nop
    pref 400 table 91
by tunnel
    pref 250 tun_id 5 table 90
    pref 0 tun_id 6 table 91
every attribute, at 0
    pref 0 from OWN to FAR iif eth1 fwmark 0x5/0xff tos 0x10 ipproto tcp sport 1-2 dport 3-4 table 90 protocol 18
    pref 0 iif gone0 uidrange 5-6 tun_id 9 table 1000000 suppress_prefixlength 3 suppress_ifgroup 7 protocol static
    4 pref 0 oif eth2 from OTHER realms 3/4 table 91 protocol 99
    pref 0 from OWN oif gone1 unreachable protocol bird
    pref 0 from VIP to FAR prohibit protocol 18
    pref 0 fwmark 0x3d00/0x3f00 blackhole protocol ra
    pref 0 from OTHER fwmark 0x200/0x3f00 table 90
    pref 0 from OTHER table 90
    pref 0 from OTHER iif eth1 table 90
    pref 0 from VIP table 91 protocol 18
    pref 0 from VIP table 91
END
}

# ---- The lookups ---------------------------------------------------------------------------------------------------
# A line begins with what is looked up, up to a colon. What follows is given to `ip route get`, in both families.
outside() {
    cat <<'END'
own address: OWN
loopback: LO
other own address: OTHER
own address, from itself: OWN from OWN
LAN: LAN
LAN, from own address: LAN from OWN
LAN, from other own address: LAN from OTHER
default: FAR
default, from own address: FAR from OWN
arriving for own address: OWN from LAN iif eth1
arriving for other own address: OTHER from FAR iif eth1
forwarded into the LAN: LAN from OTHERLAN iif eth2
forwarded to the default: FAR from OTHERLAN iif eth2
arriving from the tunnel: OWN from FAR iif wg0
default, from the virtual address: FAR from VIP
default, from other own address: FAR from OTHER
default by the other interface: FAR oif eth2
address of a member: MOWN
LAN of a member: MLAN
own address, TCP to 443, as user 1000: OWN ipproto tcp dport 443 uid 1000
default, TCP to 443: FAR ipproto tcp dport 443
default, UDP from 5353: FAR ipproto udp sport 5353
default, as user 1000: FAR uid 1000
default, mark 51820: FAR mark 51820
default, mark 0x1bd00: FAR mark 0x1bd00
default, mark 0x80000: FAR mark 0x80000
default, mark 0x100: FAR mark 0x100
default, mark 0x200: FAR mark 0x200
default, mark 0x3e00: FAR mark 0x3e00
own address, mark 0x3d00: OWN mark 0x3d00
END
}
inside() {
    cat <<'END'
LAN of the member: MLAN vrf mgmt
LAN of the member, by the member: MLAN oif eth0
behind the LAN of the member: MFAR vrf mgmt
address of the member: MOWN vrf mgmt
loopback: LO vrf mgmt
LAN of main: LAN vrf mgmt
LAN of main, from the member's address: LAN from MOWN vrf mgmt
own address of main: OWN vrf mgmt
virtual address of main: VIP vrf mgmt
default: FAR vrf mgmt
arriving for the member's address: MOWN from MLAN iif eth0
arriving for main's address: OWN from MLAN iif eth0
forwarded into the LAN of main: LAN from MLAN iif eth0
forwarded to the default: FAR from MLAN iif eth0
default, from an address of main: FAR from OWN vrf mgmt
default, mark 51820: FAR vrf mgmt mark 51820
default, mark 0x80000: FAR vrf mgmt mark 0x80000
default, mark 0x100: FAR vrf mgmt mark 0x100
default, TCP to 443, as user 1000: FAR vrf mgmt ipproto tcp dport 443 uid 1000
END
}

# addresses FAMILY: replaces the words in capitals
addresses() {
    case $1 in
    4) sed 's/\bOWN\b/203.0.113.40/g; s/\bVIP\b/203.0.113.50/g; s/\bLAN\b/203.0.113.1/g; s/\bOTHER\b/192.0.2.40/g
        s/\bOTHERLAN\b/192.0.2.1/g; s/\bFAR\b/198.51.100.1/g; s/\bLO\b/127.0.0.1/g
        s/\bMOWN\b/10.20.30.40/g; s/\bMLAN\b/10.20.30.1/g; s/\bMFAR\b/10.8.0.1/g' ;;
    6) sed 's/\bOWN\b/2001:db8::40/g; s/\bVIP\b/2001:db8::50/g; s/\bLAN\b/2001:db8::1/g; s/\bOTHER\b/2001:db8:2::40/g
        s/\bOTHERLAN\b/2001:db8:2::1/g; s/\bFAR\b/2001:db8:ffff::1/g; s/\bLO\b/::1/g
        s/\bMOWN\b/fd20::40/g; s/\bMLAN\b/fd20::1/g; s/\bMFAR\b/fd08::1/g' ;;
    esac
}

# ---- A machine, in the network namespace of this process ------------------------------------------------------------
# What every namespace of the matrix begins with: eth0 has nothing, eth1 is main's, eth2 too; wg0 stands for a tunnel.
machine() {
    ip -batch - <<'END'
link set lo up
link add eth0 type dummy
link add eth1 type dummy
link add eth2 type dummy
link add wg0 type dummy
END
    common
}
common() {
    ip -batch - <<'END'
link set eth1 up
link set eth2 up
link set wg0 up
addr add 203.0.113.40/24 dev eth1
addr add 203.0.113.50/32 dev eth1
addr add 2001:db8::40/64 dev eth1 nodad
addr add 2001:db8::50/128 dev eth1 nodad
addr add 192.0.2.40/24 dev eth2
addr add 2001:db8:2::40/64 dev eth2 nodad
addr add 10.66.0.2/32 dev wg0
addr add fd66::2/128 dev wg0 nodad
route add default via 203.0.113.1
route add ::/0 via 2001:db8::1
route add default dev wg0 table 51820
route add ::/0 dev wg0 table 51820
route add default dev wg0 table 7120
route add ::/0 dev wg0 table 7120
route add default dev wg0 table 220
route add ::/0 dev wg0 table 220
route add default dev wg0 table 52
route add ::/0 dev wg0 table 52
route add default via 203.0.113.1 table 1
route add ::/0 via 2001:db8::1 table 1
route add default dev wg0 table 2
route add ::/0 dev wg0 table 2
route add default dev wg0 table 90
route add ::/0 dev wg0 table 90
route add default via 192.0.2.1 table 91
route add ::/0 via 2001:db8:2::1 table 91
END
    echo 1 >/proc/sys/net/ipv4/ip_forward
    echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
}
# by_hand RULES...: the VRF by iproute2 alone, and those rules in both families
by_hand() {
    ip -batch - <<'END'
link add mgmt type vrf table 10
link set mgmt up
link set eth0 master mgmt
link set eth0 up
addr add 127.0.0.1/8 dev mgmt
addr add ::1/128 dev mgmt nodad
addr add 10.20.30.40/24 dev eth0
addr add fd20::40/64 dev eth0 nodad
route add 10.8.0.0/16 via 10.20.30.1 table 10
route add fd08::/64 via fd20::1 table 10
END
    "$@" | ip -4 -batch -
    "$@" | ip -6 -batch -
}
# The kernel refuses a second `local` of the same protocol by `ip rule add`: one of another protocol stands in for it.
first() {
    cat <<'END'
rule add pref 0 l3mdev protocol kernel
rule add pref 0 l3mdev unreachable protocol kernel
rule add pref 0 table local protocol boot
rule del pref 0 table local protocol kernel
rule add pref 0 table local protocol kernel
rule del pref 0 table local protocol boot
END
}
# The layout of the kernel's documentation (vrf.rst), VyOS and others.
documented() {
    cat <<'END'
rule add pref 2000 l3mdev unreachable
rule add pref 32765 table local
rule del pref 0 table local
END
}
# What the kernel adds with the first VRF of a namespace, and keeps.
rule_1000() {
    ip -batch - <<'END'
link add probe type vrf table 99
link del probe
END
}

# dump NAME [all]: the rules of both families, and below them the lookups outside, or all, in NAME.4 and NAME.6; what could not be
# looked up in NAME.err4 and NAME.err6
dump() {
    for family in 4 6; do
        ip -$family -d -j -force -batch - <"/tmp/lookups.${2:-outside}.$family" >"$1.$family" 2>"$1.err$family"
    done
}
# add FILE: adds the rules of FILE.4 and FILE.6
add() {
    for family in 4 6; do
        [ ! -s "$1.$family" ] || ip -$family -batch "$1.$family" || echo "$family: the rules of $1 cannot be added" >>/tmp/wrong
    done
}
# `ip rule flush` spares preference 0 alone; whoever calls it puts back what it needs.
flush() {
    ip -4 -batch - <<'END'
rule flush
rule add pref 32766 table main protocol kernel
rule add pref 32767 table default protocol kernel
END
    ip -6 -batch - <<'END'
rule flush
rule add pref 32766 table main protocol kernel
END
}
manager() {
    neighbours foreign || echo 'the manager cannot delete a rule' >>/tmp/wrong
}

# cells NAME KIND: each lookup that was dumped, and its answer
cells() {
    for family in 4 6; do
        awk -v labels="/tmp/labels.$2.$family" -v out="$1.$family" -v err="$1.err$family" '
            BEGIN {
                while ((getline line <err) > 0) {
                    if (line ~ /^Command failed/) { sub(/.*:/, "", line); failed[line + 0] = said } else said = line
                }
                while ((getline label <labels) > 0) {
                    n++
                    if (label == "") continue
                    if (n in failed) answer = failed[n]
                    else { answer = ""; getline answer <out }
                    if (label != "rules") print label "\t" answer
                }
            }'
    done
}
# differing KIND GOT WANTED: the lookups whose answers differ
differing() {
    cells "$2" all >/tmp/cells.got
    cells "$3" "$1" >/tmp/cells.wanted
    awk -F '\t' 'NR == FNR { wanted[$1] = $2; next } $1 in wanted && wanted[$1] != $2 { print $1 ": got <" $2 ">, wanted <" wanted[$1] ">" }' \
        /tmp/cells.wanted /tmp/cells.got
}
# agree STEP RULES WANTED [all]: what `dump` has got is RULES, with their lookups outside, of which WANTED says which have no answer; and
# inside, those of the VRF made by hand. Names whatever differs.
agree() {
    neighbours same "$got.4" "$2.4" ${4:+/tmp/hand.inside.4} -- "$got.err4" "$3.err4" ${4:+/tmp/hand.inside.err4} -- \
        "$got.6" "$2.6" ${4:+/tmp/hand.inside.6} -- "$got.err6" "$3.err6" ${4:+/tmp/hand.inside.err6} && return 0
    rules "$2" "$1"
    same outside "$3" "$1"
    [ -z "$4" ] || same inside /tmp/hand.inside "$1"
    return 1
}
# same KIND WANTED STEP: names the lookups that differ
same() {
    differing "$1" "$got" "$2" | sed "s|^|$set, $order, $3, |" >>/tmp/wrong
}
# rules WANTED STEP: names the rules that differ
rules() {
    for family in 4 6; do
        read -r one <"$got.$family"
        read -r other <"$1.$family"
        [ "$one" = "$other" ] && continue
        echo "$one" | tr '}' '\n' >/tmp/rules.got
        echo "$other" | tr '}' '\n' >/tmp/rules.wanted
        echo "$set, $order, $2, rules, IPv$family: $(diff -U 0 /tmp/rules.wanted /tmp/rules.got | sed -n 's/^\([-+]\)[[,]*\({.*\)/\1\2}/p' | tr '\n' ' ')" >>/tmp/wrong
    done
}
# isolated NAME: leaves in /tmp/wanted.4 and .6 what NAME has, with the two rules that isolate in front of each family
isolated() {
    for family in 4 6; do
        read -r pair <"/tmp/pair.$family"
        sed "1s|^\[|[$pair,|" "$1.$family" >"/tmp/wanted.$family"
    done
}
up() {
    /vrf-launch -q -c /tmp/conf up 2>/tmp/said || echo "$set, $order, $1: up failed: $(cat /tmp/said)" >>/tmp/wrong
}
down() {
    /vrf-launch -q -c /tmp/conf down 2>/tmp/said || echo "$set, $order, $1: down failed: $(cat /tmp/said)" >>/tmp/wrong
}

# What version 0.1 wrote into its record of rules, and what it then changed.
older_record() {
    cat <<'END'
- ip -4 rule del pref 2000 l3mdev unreachable
- ip -6 rule del pref 2000 l3mdev unreachable
- ip -4 rule del pref 32765 table local
- ip -6 rule del pref 32765 table local
- ip -4 rule add pref 0 table local protocol kernel
- ip -6 rule add pref 0 table local protocol kernel
END
}
older_rules() {
    cat <<'END'
rule add pref 2000 l3mdev unreachable
rule add pref 32765 table local
rule del pref 0 table local
rule del pref 0 l3mdev unreachable
rule del pref 0 l3mdev
END
}
# Nobody outside may lose these, and no socket of the VRF may find a route to those.
own='203.0.113.40 127.0.0.1 2001:db8::40 ::1'
strangers='203.0.113.1 203.0.113.40 198.51.100.1 2001:db8::1 2001:db8::40 2001:db8:ffff::1'
# observe [-- ADDRESS...]: in the background, asks for own addresses, and for those from the VRF; listens to the kernel's news of rules
observe() {
    # shellcheck disable=SC2086 # words
    neighbours probe mgmt $own "$@" >/tmp/probed 2>/tmp/lost &
    prober=$!
    ip -4 monitor rule >/tmp/news.4 &
    listeners=$!
    ip -6 monitor rule >/tmp/news.6 &
    listeners="$listeners $!"
    sleep 0.5
}
# observed: ends that; nothing was lost, nothing found, and no news left a family without a rule for table local
observed() {
    sleep 0.5
    kill -TERM "$prober"
    wait "$prober"
    # shellcheck disable=SC2086 # numbers
    kill $listeners
    grep -q '^sent [1-9][0-9]* lost 0 .* found 0$' /tmp/probed || echo "$set, $order: $(cat /tmp/probed), $(tr '\n' ';' </tmp/lost)" >>/tmp/wrong
    for family in 4 6; do
        grep 'from all lookup local' /tmp/news.$family | awk '
            BEGIN { there = 1 }
            { there += /^Deleted/ ? -1 : 1; if (there < least || NR == 1) least = there }
            END { print NR + 0, least + 0 }' >/tmp/least
        read -r news least </tmp/least
        [ "$news" -ge 2 ] && [ "$least" -ge 1 ] || echo "$set, $order, IPv$family: of $news changes of table local one left $least rules: $(cat /tmp/news.$family)" >>/tmp/wrong
    done
}
# slow VERB: with 5 ms behind each message to the kernel
slow() {
    strace -o /tmp/trace -e trace=sendto,sendmsg,sendmmsg -e inject=sendto,sendmsg,sendmmsg:delay_exit=5000 \
        /vrf-launch -q -c /tmp/conf "$1" >/tmp/said 2>&1
}

# One process, in a namespace of its own: scenario.sh KIND NUMBER ORDER SET. What is wrong goes into /tmp/wrong.
got=/tmp/got parts=/tmp/parts/$2.$3 order=$3 set=$4
case $1 in
hand)
    machine
    by_hand first
    dump /tmp/hand
    for family in 4 6; do
        ip -$family -d -j -force -batch - </tmp/lookups.inside.$family >/tmp/hand.inside.$family 2>/tmp/hand.inside.err$family
    done
    ;;
documented)
    machine
    add "$parts.1"
    by_hand documented
    dump $got all
    differing outside $got "$parts.set" >"$parts.documented.outside"
    differing inside $got /tmp/hand.inside >"$parts.documented.inside"
    ;;
without)
    machine
    add "$parts.1"
    rule_1000
    add "$parts.2-at-0"
    dump "$parts.set"
    flush
    dump "$parts.flush"
    manager
    dump "$parts.manager"
    ;;
with)
    ideal=/tmp/parts/$2.before.set
    machine
    add "$parts.1"
    up up
    add "$parts.2"
    isolated "$parts.set"
    for step in up 'up again' 'up after down'; do
        [ "$step" = up ] || up "$step"
        dump $got all
        if agree "$step" /tmp/wanted "$parts.set" all; then agreed=yes; else agreed=no; fi
        # The table counts against what the set is meant to give, not against what this order gives without a VRF.
        [ "$step" != up ] || [ "$agreed-$order" = yes-before ] || {
            [ $agreed = yes ] && neighbours lookups "$parts.set.4" "$ideal.4" -- "$parts.set.6" "$ideal.6" &&
                neighbours same "$parts.set.err4" "$ideal.err4" -- "$parts.set.err6" "$ideal.err6"
        } || {
            differing outside $got "$ideal" >"$parts.outside"
            differing inside $got /tmp/hand.inside >"$parts.inside"
        }
        [ "$step" != 'up again' ] || {
            down down
            dump $got
            agree down "$parts.set" "$parts.set"
        }
    done
    for step in flush manager; do
        $step
        dump $got all
        isolated "$parts.$step"
        agree $step /tmp/wanted "$parts.$step" all
    done
    down 'last down'
    dump $got
    agree 'last down' "$parts.manager" "$parts.manager"
    rm -f /run/vrf-launch/net-*
    ;;
planned)
    machine
    add "$parts.1"
    rule_1000
    isolated "$parts.set"
    /vrf-launch -c /tmp/conf plan --diff >/tmp/plan 2>/tmp/said
    grep '^ip .*rule ' /tmp/plan >/tmp/planned
    case $set in
    'every attribute, at 0' | 'by tunnel')
        # What iproute2 cannot add again is left to `up`.
        grep -c '^# ip -[46] rule: others have rules at preference 0 that only vrf-launch up can move' /tmp/plan | grep -qx 2 ||
            echo "$set, plan does not say what it leaves out: $(cat /tmp/plan)" >>/tmp/wrong
        [ ! -s /tmp/planned ] || echo "$set, plan prints commands all the same: $(cat /tmp/planned)" >>/tmp/wrong
        ;;
    *)
        sh -e /tmp/planned 2>/tmp/said || echo "$set, what plan prints fails: $(cat /tmp/said)" >>/tmp/wrong
        dump $got
        rules /tmp/wanted 'what plan prints'
        ;;
    esac
    ;;
slowly)
    machine
    add "$parts.1"
    rule_1000
    isolated "$parts.set"
    observe
    for round in 1 2; do
        for verb in up down; do
            slow $verb || echo "$set, $verb $round: $(cat /tmp/said)" >>/tmp/wrong
            dump $got
            case $verb in
            up) rules /tmp/wanted "up $round" ;;
            down) rules "$parts.set" "down $round" ;;
            esac
        done
    done
    observed
    rm -f /run/vrf-launch/net-*
    ;;
killed)
    machine
    add "$parts.1"
    rule_1000
    isolated "$parts.set"
    : >/tmp/killed
    # From the sixth message on IPv4's rules are changed, then those of IPv6 in the same way.
    n=5
    while [ $n -lt 18 ]; do
        n=$((n + 1))
        strace -o /tmp/trace -e "inject=sendto,sendmsg,sendmmsg:signal=KILL:when=$n" /vrf-launch -q -c /tmp/conf up >/tmp/said 2>&1
        grep -q 'killed by SIGKILL' /tmp/trace || break
        dump $got
        # `local` stands without a condition.
        [ "$(head -qn 1 $got.4 $got.6 | grep -c '"src":"all","table":"local"')" = 2 ] || echo "$set, killed at message $n: table local has no rule" >>/tmp/wrong
        there=$(head -qn 1 $got.4 $got.6 | tr '}' '\n' | grep -c '"priority":0')
        echo "at message $n: $there rules at 0" >>/tmp/killed
        # By turns: another up, and down at once.
        [ $((n % 2)) = 0 ] || {
            up "up after a kill at message $n"
            dump $got
            rules /tmp/wanted "up after a kill at message $n"
        }
        down "down after a kill at message $n"
        dump $got
        rules "$parts.set" "down after a kill at message $n"
    done
    down 'last down'
    dump $got
    rules "$parts.set" 'last down'
    rm -f /run/vrf-launch/net-*
    ;;
older)
    rm -f /run/vrf-launch/net-*
    machine
    add "$parts.1"
    up up
    record=$(echo /run/vrf-launch/net-*)
    # What 0.1 wrote, and made.
    { sed -n 1p "$record"; older_record; sed '1d; /^- /d' "$record"; } >/tmp/record
    cat /tmp/record >"$record"
    older_rules | ip -4 -batch -
    older_rules | ip -6 -batch -
    dump $got all
    same inside /tmp/hand.inside 'older layout'
    # shellcheck disable=SC2086 # words
    observe -- $strangers
    slow up || echo "$set, $order, up: $(cat /tmp/said)" >>/tmp/wrong
    observed
    isolated "$parts.set"
    for step in up 'up again'; do
        [ "$step" = up ] || up "$step"
        dump $got all
        agree "$step" /tmp/wanted "$parts.set" all
    done
    # Nothing of the older layout comes back.
    down down
    dump $got
    agree down "$parts.set" "$parts.set"
    rm -f /run/vrf-launch/net-*
    ;;
theirs)
    machine
    ip link add blue type vrf table 20
    case $2 in
    vyos) more='rule add pref 2000 l3mdev unreachable' ;;
    zero) more='rule add pref 0 fwmark 0x200/0x3f00 table 2' ;;
    *) more='' ;;
    esac
    for family in 4 6; do
        printf '%s\n' 'rule add pref 32765 table local' 'rule del pref 0' "$more" | ip -$family -batch -
    done
    dump $got.before
    isolated $got.before
    for step in up 'up again'; do
        up "$step"
        dump $got all
        agree "$step" /tmp/wanted $got.before all
    done
    down down
    dump $got
    agree down $got.before $got.before
    rm -f /run/vrf-launch/net-*
    ;;
file)
    machine
    rule_1000
    dump $got.before
    {
        echo 'auto mgmt'
        echo 'iface mgmt'
        sed 's/^/    up ip /' "$parts.1.4"
        sed 's/^/    up ip -6 /' "$parts.1.6"
        sed 1,2d /tmp/conf
    } >/tmp/conf.rules
    for round in 1 2 3; do
        /vrf-launch -q -c /tmp/conf.rules up 2>/tmp/said || echo "$set, up $round: $(cat /tmp/said)" >>/tmp/wrong
        dump $got all
        [ $round != 1 ] || for family in 4 6; do
            read -r once <$got.$family
            for table in 90 91; do
                case $once in
                *"\"table\":\"$table\""*"\"table\":\"$table\""* | *"\"table\":\"$table\""*'"table":"local"'*) echo "$set: table $table: $once" >>/tmp/wrong ;;
                *'"table":"local"'*"\"table\":\"$table\""*) ;;
                *) echo "$set: table $table has no rule: $once" >>/tmp/wrong ;;
                esac
            done
            echo "$once" >/tmp/wanted.$family
        done
        rules /tmp/wanted "up $round"
        same outside "$parts.set" "up $round"
        same inside /tmp/hand.inside "up $round"
        said=$(/vrf-launch -c /tmp/conf.rules plan --diff 2>&1)
        [ -z "$said" ] || echo "$set, up $round: plan --diff prints: $said" >>/tmp/wrong
    done
    /vrf-launch -q -c /tmp/conf.rules down 2>/tmp/said || echo "$set, down: $(cat /tmp/said)" >>/tmp/wrong
    dump $got
    agree down $got.before $got.before
    rm -f /run/vrf-launch/net-*
    ;;
many)
    machine
    rule_1000
    seq "$2" | sed 's/.*/rule add pref 0 from 10.1.&.1 table 90/' | ip -4 -batch -
    seq "$2" | sed 's/.*/rule add pref 0 from fd10::& table 90/' | ip -6 -batch -
    dump $got.before
    isolated $got.before
    read -r start _ </proc/uptime
    up up
    read -r end _ </proc/uptime
    echo "up beside $2 rules of each family: $start to $end seconds of uptime" >/tmp/many
    dump $got all
    agree up /tmp/wanted $got.before all
    down down
    dump $got
    agree down $got.before $got.before
    rm -f /run/vrf-launch/net-*
    ;;
esac
case $1 in
/*) ;;
*) exit 0 ;;
esac

# ---- The matrix ----------------------------------------------------------------------------------------------------
self=/test/scenario.sh
# By which iproute2 knows protocols.
printf 'tcp 6 TCP\nudp 17 UDP\n' >/etc/protocols
orders='before after both'
mkdir -p /tmp/parts
for family in 4 6; do
    sets | addresses $family | awk -v family=$family '
        function finish(   n, half) {
            if (!set) return
            # Of an odd number the half that is added first is the larger one in IPv4, the smaller one in IPv6.
            half = int((lines + (family == 4)) / 2)
            for (n = 1; n <= lines; n++) {
                out(n, "before", 1, line[n])
                out(n, "after", 2, line[n])
                out(n, "both", n <= half ? 1 : 2, line[n])
            }
        }
        function out(n, order, part, text) {
            print "rule add " text >("/tmp/parts/" set "." order "." part "." family)
            if (part == 2) print "rule add " (text ~ /pref /? "" : "pref 0 ") text >("/tmp/parts/" set "." order ".2-at-0." family)
        }
        /^[^ ]/ { finish(); set++; lines = 0; next }
        { sub(/^ +/, "") }
        /^[46] / { if ($1 != family) next; sub(/^. /, "") }
        { line[++lines] = $0 }
        END { finish() }
    '
done
# What `dump` asks, and a label for each line; the inside begins where it does in `all`, so that the numbers of lines are the same.
for family in 4 6; do
    for kind in outside inside; do
        $kind | sed 's/^[^:]*:/route get/' | addresses $family >/tmp/lookups
        $kind | sed "s/:.*/, IPv$family/; s/^/$kind: /" >/tmp/labels
        case $kind in
        outside)
            { echo rule; cat /tmp/lookups; } >/tmp/lookups.outside.$family
            { echo rules; cat /tmp/labels; } >/tmp/labels.outside.$family
            cp /tmp/lookups.outside.$family /tmp/lookups.all.$family
            cp /tmp/labels.outside.$family /tmp/labels.all.$family
            ;;
        inside)
            { sed 's/.*//' /tmp/lookups.outside.$family; cat /tmp/lookups; } >/tmp/lookups.inside.$family
            { sed 's/.*//' /tmp/lookups.outside.$family; cat /tmp/labels; } >/tmp/labels.inside.$family
            cat /tmp/lookups >>/tmp/lookups.all.$family
            cat /tmp/labels >>/tmp/labels.all.$family
            ;;
        esac
    done
done
sets | grep '^[^ ]' >/tmp/names

cat >/tmp/conf <<'END'
auto mgmt
iface mgmt
    vrf-table 10
    vrf-route 10.8.0.0/16 via 10.20.30.1
    vrf-route fd08::/64 via fd20::1
auto eth0
iface eth0
    address 10.20.30.40/24
    address fd20::40/64
    vrf mgmt
END
: >/tmp/wrong
# nothing_wrong: no line in /tmp/wrong; shows the first of those that are there
nothing_wrong() {
    [ -s /tmp/wrong ] || return 0
    fail "$(wc -l </tmp/wrong) differences, the first: $(head -n 1 /tmp/wrong)"
    head -n 40 /tmp/wrong | shown
    : >/tmp/wrong
}

case_ the_references_are_what_they_should_be
unshare -n sh $self hand 2>/tmp/said || fail "the VRF by hand: $(cat /tmp/said)"
for family in 4 6; do
    head -n 1 /tmp/hand.$family | cut -d '}' -f 1,2 | sed 's/^\[//; s/$/}/' >/tmp/pair.$family
    match 'what isolates' "$(cat /tmp/pair.$family)" '^\{"priority":0,[^}]*"l3mdev"[^}]*\},\{"priority":0,[^}]*"l3mdev"[^}]*"action":"unreachable"[^}]*\}$'
done
cells /tmp/hand.inside inside >/tmp/cells
equal 'every lookup has an answer' "$(grep -c '	.' /tmp/cells)" "$(cat /tmp/labels.inside.* | grep -c .)"
for label in 'LAN of main' 'own address of main' default 'forwarded into the LAN of main' 'default, mark 51820'; do
    equal "the VRF by hand: $label" "$(grep -c -E "^inside: $label, IPv[46]	(RTNETLINK answers: (Network is unreachable|No route to host)|\[\{\"type\":\"unreachable\")" /tmp/cells)" 2
done
match 'the VRF by hand: LAN of the member' "$(grep '^inside: LAN of the member, IPv4' /tmp/cells)" '"dst":"10.20.30.1","dev":"eth0",.*"prefsrc":"10.20.30.40"'

case_ nobody_is_disturbed_whoever_comes_first
number=0
while read -r set; do
    number=$((number + 1))
    row="# | $set |"
    for order in $orders; do
        unshare -n sh $self without $number "$order" "$set" 2>/tmp/said || echo "$set, $order, without a VRF: $(cat /tmp/said)" >>/tmp/wrong
        unshare -n sh $self with $number "$order" "$set" 2>/tmp/said || echo "$set, $order: $(cat /tmp/said)" >>/tmp/wrong
        for kind in outside inside; do
            touch "/tmp/parts/$number.$order.$kind"
        done
        row="$row $(wc -l <"/tmp/parts/$number.$order.outside") / $(wc -l <"/tmp/parts/$number.$order.inside") |"
    done
    unshare -n sh $self documented $number before 2>/tmp/said || echo "$set, documented layout: $(cat /tmp/said)" >>/tmp/wrong
    row="$row $(wc -l </tmp/parts/$number.before.documented.outside) / $(wc -l </tmp/parts/$number.before.documented.inside) |"
    echo "$row" >>/tmp/table
    echo "$row"
done </tmp/names
nothing_wrong

case_ wg_quick_after_up_sends_the_lan_into_the_tunnel_and_nothing_else
# What INTERFACE and isolation.md say of a rule without a preference: it gets 0, in the order of addition.
equal 'which lookups differ' "$(sed 's/^outside: //; s/, IPv[46]:.*//' /tmp/parts/1.after.outside | sort | uniq -c | sed 's/^ *//')" \
    '2 LAN
2 LAN, from other own address
2 LAN, from own address
2 forwarded into the LAN'
refuse 'they go elsewhere than into the tunnel' grep -v 'got <.*"dev":"wg0",.*"table":"51820"' /tmp/parts/1.after.outside

# of SET: the number of a set
of() {
    grep -nx "$1" /tmp/names | cut -d : -f 1
}

case_ table_local_is_never_missed_while_rules_change
# Rules of others at 0 are made anew behind the two that isolate, each by its own message; all that lies between two messages
# is longer here. Who asks for own addresses meanwhile is always answered.
unshare -n sh $self slowly "$(of 'every attribute, at 0')" before 'every attribute, at 0' 2>/tmp/said || fail "$(cat /tmp/said)"
nothing_wrong
sed 's/^/# probe: /' /tmp/probed

case_ what_plan_prints_among_rules_at_0_does_the_same
for set in 'every attribute, at 0' 'goto and nop, at 0' 'not by source, at 0' 'by tunnel'; do
    unshare -n sh $self planned "$(of "$set")" before "$set" 2>/tmp/said || fail "$set: $(cat /tmp/said)"
done
nothing_wrong

case_ an_up_that_was_killed_is_finished_by_the_next
unshare -n sh $self killed "$(of 'by source, at 0')" before 'by source, at 0' 2>/tmp/said || fail "$(cat /tmp/said)"
nothing_wrong
sed 's/^/# killed: /' /tmp/killed
expect 'it was killed in all states' test "$(sort -u -k 4 /tmp/killed | wc -l)" -ge 5

case_ the_layout_of_an_older_version_is_changed_without_a_gap
unshare -n sh $self older "$(of 'by tunnel')" before 'by tunnel' 2>/tmp/said || fail "$(cat /tmp/said)"
nothing_wrong
sed 's/^/# probe: /' /tmp/probed

case_ the_layout_that_others_made_stays_theirs
# VyOS moves table local and adds `2000 l3mdev unreachable`; SONiC moves table local alone; in the third somebody
# has a rule at 0 where table local was.
for layout in vyos sonic zero; do
    unshare -n sh $self theirs $layout before "layout of $layout" 2>/tmp/said || fail "$layout: $(cat /tmp/said)"
done
nothing_wrong

case_ a_rule_of_the_file_without_a_preference_is_made_once
unshare -n sh $self file "$(of 'by source, without a preference')" before 'rules of the file' 2>/tmp/said || fail "$(cat /tmp/said)"
nothing_wrong

case_ of_many_rules_at_0_none_is_lost
unshare -n sh $self many 40 before '40 rules at 0' 2>/tmp/said || fail "$(cat /tmp/said)"
nothing_wrong
sed 's/^/# many: /' /tmp/many

# ---- Packets -------------------------------------------------------------------------------------------------------
far lan eth0 10.20.30.1/24 fd20::1/64
far net eth1 203.0.113.1/24 2001:db8::1/64
ip link add eth2 type dummy
# One that was not built: packets into the tunnel are lost all the same.
ip link add wg0 type wireguard 2>/tmp/said || ip link add wg0 type dummy
common

# answered COMMAND...: something is printed
answered() {
    [ -n "$("$@" 2>/tmp/said)" ]
}
# ways [outside]: the names of what works, of those that are tried at once
ways() {
    : >/tmp/works
    tried=''
    while read -r name command; do
        case $1$name in
        outsideVRF*) continue ;;
        esac
        { $command >/tmp/ways.out 2>&1 && echo "$name" >>/tmp/works; } &
        tried="$tried $!"
    done <<'END'
own-address ping -c 1 -W 2 203.0.113.40
own-address-IPv6 ping -c 1 -W 2 2001:db8::40
own-TCP answered ask tcp4 203.0.113.40 7000
own-TCP-IPv6 answered ask tcp6 2001:db8::40 7000
loopback-UDP answered ask udp4 127.0.0.1 7000
loopback-UDP-IPv6 answered ask udp6 ::1 7000
LAN ping -c 1 -W 2 203.0.113.1
LAN-IPv6 ping -c 1 -W 2 2001:db8::1
from-LAN on net ping -c 1 -W 2 203.0.113.40
from-LAN-IPv6 on net ping -c 1 -W 2 2001:db8::40
from-LAN-TCP answered ask tcp4 203.0.113.40 7000 on net
from-LAN-TCP-IPv6 answered ask tcp6 2001:db8::40 7000 on net
from-LAN-UDP answered ask udp4 203.0.113.40 7000 on net
from-LAN-UDP-IPv6 answered ask udp6 2001:db8::40 7000 on net
VRF-LAN ip vrf exec mgmt ping -c 1 -W 2 10.20.30.1
VRF-LAN-IPv6 ip vrf exec mgmt ping -c 1 -W 2 fd20::1
VRF-from-LAN-TCP answered ask tcp4 10.20.30.40 7001 on lan
VRF-from-LAN-UDP-IPv6 answered ask udp6 fd20::40 7001 on lan
VRF-to-main-LAN ip vrf exec mgmt ping -c 1 -W 2 203.0.113.1
VRF-to-main-LAN-IPv6 ip vrf exec mgmt ping -c 1 -W 2 2001:db8::1
VRF-to-main-own-TCP answered ask tcp4 203.0.113.40 7000 ip vrf exec mgmt
VRF-to-main-own-UDP-IPv6 answered ask udp6 2001:db8::40 7000 ip vrf exec mgmt
END
    # shellcheck disable=SC2086 # numbers
    wait $tried
    sort /tmp/works
}
vrf='VRF-LAN
VRF-LAN-IPv6
VRF-from-LAN-TCP
VRF-from-LAN-UDP-IPv6'
servers() {
    for proto in tcp4 tcp6 udp4 udp6; do
        serve $proto 7000 main
    done
}
servers_of_vrf() {
    serve tcp4 7001 mgmt ip vrf exec mgmt
    serve udp6 7001 mgmt ip vrf exec mgmt
}
order=before
case_ packets_go_the_same_ways_with_and_without_a_vrf
servers
for set in wg-quick 'not by source, at 0'; do
    add "/tmp/parts/$(of "$set").before.1"
    ways outside >/tmp/works.without
    up up
    servers_of_vrf
    ways >/tmp/works.with
    down down
    manager
    equal "$set: outside" "$(grep -v ^VRF /tmp/works.with)" "$(cat /tmp/works.without)"
    match "$set: own addresses, without a VRF" "$(grep -c ^own /tmp/works.without)" '^4$'
    equal "$set: inside" "$(grep ^VRF /tmp/works.with)" "$vrf"
    for pid in $(echo "$pids" | tr ' ' '\n' | tail -n 2); do
        kill -- "-$pid"
    done
done
nothing_wrong

case_ packets_to_the_lan_go_into_the_tunnel_if_wg_quick_starts_after_up
servers
set=wg-quick order=after
up up
add "/tmp/parts/$(of "$set").after.2"
servers_of_vrf
equal 'what works' "$(ways)" "$vrf
loopback-UDP
loopback-UDP-IPv6
own-TCP
own-TCP-IPv6
own-address
own-address-IPv6"
manager
down down
nothing_wrong

case_ the_table_is_true
sed -n 's/^# \(| .*\)/\1/p' /tmp/table >/tmp/rows
sed -n '/^|---/,$p' /test/neighbours.md | grep '^| ' >/tmp/rows.wanted
case $(uname -r) in
6.1.*) ;;
*) sed -i 's/ [^|]*|$//' /tmp/rows /tmp/rows.wanted ;; # the documented layout differs a little from kernel to kernel
esac
expect 'neighbours.md has the same rows' diff /tmp/rows.wanted /tmp/rows
equal 'sets' "$(wc -l </tmp/rows)" "$(wc -l </tmp/names)"
