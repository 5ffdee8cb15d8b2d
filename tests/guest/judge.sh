#!/bin/sh
# `check` and `show` judge rules by where they stand, whoever made them: in layout A (1000, 2000, 32765), in layout B (all three at 0),
# and where something is missing or in the way. Each order is made here by iproute2; the judge of the judge is what the kernel then
# does: `ip route get`, and packets from the far ends.
#
# Forty random sets of rules, or as many as `sets=N` on the kernel's command line says, from a seed that is shown (`seed=N` for
# another): a set without a fault has no lookup that goes wrong.
# kernels: once debian-6.1
# modules: vrf veth dummy
# timeout: 400
word() {
    tr ' ' '\n' </proc/cmdline | sed -n "s/^$1=//p" | tail -n 1
}
sets=$(word sets) seed=$(word seed)
sets=${sets:-40} seed=${seed:-20261201}
# Whether the kernel keeps the index of a member in a lookup (Linux 5.18).
release=$(cat /proc/sys/kernel/osrelease)
case $release in 5.10.*) old=yes ;; *) old='' ;; esac

# VRF red, table 10: r1 ── a (10.1.0.2 and, behind it, 10.66.0.1), r2 ── b; it knows no way to the internet.
# VRF blue, table 20: b1, by which all is reached. Outside: o1 ── o, by which all is reached, as in table 77.
ip link set lo up
far a r1 10.1.0.2/24 fd01::2/64
far b r2 10.3.0.2/24 fd03::2/64
far o o1 10.2.0.2/24 fd02::2/64
ip link add red type vrf table 10
ip link add blue type vrf table 20
ip link add b1 type dummy
ip link set b1 master blue
ip link set r1 master red
ip link set r2 master red
ip -batch - <<'EOF'
addr add 10.1.0.1/24 dev r1
addr add fd01::1/64 dev r1 nodad
addr add 10.3.0.1/24 dev r2
addr add fd03::1/64 dev r2 nodad
addr add 10.2.0.1/24 dev o1
addr add fd02::1/64 dev o1 nodad
addr add 10.4.0.1/24 dev b1
addr add fd04::1/64 dev b1 nodad
link set r1 up
link set r2 up
link set o1 up
link set b1 up
link set red up
link set blue up
route add default via 10.2.0.2
route add default via 10.2.0.2 table 77
route add default dev b1 table 20
route add 10.66.0.1 via 10.1.0.2 table 10
EOF
ip -6 -batch - <<'EOF'
route add default via fd02::2
route add default via fd02::2 table 77
route add default dev b1 table 20
route add fd66::1 via fd01::2 table 10
EOF
for host in a b; do
    on $host ip route add default dev "$([ $host = a ] && echo r1 || echo r2)"
done
on a ip -6 route add default via fd01::1
on b ip -6 route add default via fd03::1
on a ip addr add 10.66.0.1/32 dev lo
on a ip addr add fd66::1/128 dev lo
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1

A='pref 1000 l3mdev|pref 2000 l3mdev unreachable|pref 32765 lookup local|pref 32766 lookup main'
B='pref 0 l3mdev|pref 0 l3mdev unreachable|pref 0 lookup local|pref 1000 l3mdev|pref 32766 lookup main'

# rules RULES...: exactly these rules, in that order; `|` between them; NET, OWN and FAR become the families' own
rules() {
    for version in 4 6; do
        ip -$version rule flush
        while ip -$version rule del pref 0 2>/tmp/said; do :; done
        echo "$*" | tr '|' '\n' | sed "s/^ */rule add /; $(addresses $version)" >/tmp/rules.$version
        expect "rules of IPv$version" ip -$version -batch /tmp/rules.$version
    done
}
addresses() {
    if [ "$1" = 4 ]; then
        echo 's/OWN/10.2.0.1/g; s/FAR/10.2.0.2/g; s,NET,10.2.0.0/24,g; s,OTHER,10.99.0.0/16,g'
    else
        echo 's/OWN/fd02::1/g; s/FAR/fd02::2/g; s,NET,fd02::/64,g; s,OTHER,fd99::/16,g'
    fi
}
# verdict: what `show` says of the rules: lines that begin with 4 or 6, in /tmp/verdict
verdict() {
    /vrf-launch show --json >/tmp/show 2>/tmp/said || fail "show: $(cat /tmp/said)"
    jq -r '.rules[] | .family as $family | .faults[] | "\($family) \(.text)"' /tmp/show >/tmp/verdict
}
# judged: the same, in words: `in4` where rules of IPv4 are said to be met by packets of a VRF, `own4` by those to own addresses,
# `lacks4` where one is missing or behind
judged() {
    sed -nE 's/^(.) .*packets (of|that have no route).*/in\1/p' /tmp/verdict
    sed -nE 's/^(.) .*own addresses.*/own\1/p' /tmp/verdict
    sed -nE 's/^(.) .* (is missing|stands behind).*/lacks\1/p' /tmp/verdict
}
words() {
    sort -u | tr '\n' ' ' | sed 's/ $//'
}
# found: what the kernel does, in these words: `in4` where a lookup of a VRF is answered that must not be, `own4` where one of an own
# address is answered by another table than local
found() {
    for version in 4 6; do
        if [ $version = 4 ]; then net=8.8.8.8 local=127.0.0.1 of_red=10.1.0.2 red=10.1.0.1; else net=2001:db8::8 local=::1 of_red=fd01::2 red=fd01::1; fi
        for mark in '' ' mark 1'; do
            for to in $net OWN FAR; do
                echo "route get $to vrf red$mark"
                echo "route get $to from $red vrf red$mark"
                echo "route get $to from FAR iif r1$mark"
                echo "route get $to from OWN iif r1$mark"
            done
        done | sed "$(addresses $version)" >/tmp/red
        # Nothing of this is in its table.
        ip -$version -force -batch /tmp/red 2>/tmp/said | grep -q . && echo in$version
        for mark in '' ' mark 1'; do
            for to in $net OWN FAR $of_red; do
                echo "route get $to vrf blue$mark"
            done
        done | sed "$(addresses $version)" >/tmp/blue
        ip -$version -force -batch /tmp/blue 2>/tmp/said | grep ' dev ' | grep -qv ' dev b1 ' && echo in$version
        for mark in '' ' mark 1'; do
            echo "route get OWN$mark
route get OWN from OWN$mark
route get OWN oif o1$mark
route get $local$mark
route get OWN from FAR iif o1$mark"
        done | sed "$(addresses $version)" >/tmp/own
        [ "$(ip -$version -force -batch /tmp/own 2>/tmp/said | grep -c '^local ')" = "$(wc -l </tmp/own)" ] || echo own$version
    done
}
# right WHAT: nothing is named, and nothing goes wrong
right() {
    verdict
    equal "$1: nothing is named" "$(cat /tmp/verdict)" ''
    equal "$1: lookups" "$(found | words)" ''
}
# wrong WORDS RULES: that is named, and goes wrong
wrong() {
    rules "$2"
    verdict
    equal "$2: judged" "$(judged | grep -v lacks | words)" "$1" || shown </tmp/verdict
    equal "$2: found" "$(found | words)" "$1"
}
# names FAMILY REGEX: a whole line of the verdict
names() {
    match 'it is named' "$(sed -n "s/^$1 //p" /tmp/verdict)" "^$2\$"
}
# same_in_check: `check` names the same, as text and as JSON
same_in_check() {
    run /vrf-launch check red
    for version in 4 6; do
        sed -n "s/^$version //p" /tmp/verdict >/tmp/wanted
        echo "$out" | sed -n "s/^  FAIL  IPv$version rules: //p" >/tmp/got
        equal "check, IPv$version" "$(cat /tmp/got)" "$(cat /tmp/wanted)"
    done
    equal 'check: exit code' "$status$err" "$([ -s /tmp/verdict ] && echo 1 || echo 0)"
}
leave='; take rules for l3mdev and local out of the configuration \(or put local back at 0\), and run vrf-launch up'
pair='; take rules for l3mdev out of the configuration, and run vrf-launch up'

case_ layout_a
rules "$A"
right A
same_in_check
match 'the line' "$out" '^  ok    IPv4 rules: 1000 l3mdev, 2000 l3mdev unreachable, 32765 local, 32766 main$'
match 'the line' "$out" '^  ok    IPv6 rules: 1000 l3mdev, 2000 l3mdev unreachable, 32765 local, 32766 main$'

case_ layout_b
rules "$B"
right B
same_in_check
match 'the line' "$out" '^  ok    IPv4 rules: 0 l3mdev, 0 l3mdev unreachable, 0 local, 1000 l3mdev, 32766 main$'
match 'the line' "$out" '^  ok    IPv6 rules: 0 l3mdev, 0 l3mdev unreachable, 0 local, 1000 l3mdev, 32766 main$'
expect 'from the far end, inside' on a ping -c 1 -W 2 10.1.0.1
expect 'from the far end, outside' on o ping -c 1 -W 2 10.2.0.1

case_ rules_of_others_in_layout_b
while read -r set; do
    rules "$B|$set"
    right "$set"
done <<'EOF'
pref 32764 not fwmark 51820 lookup 77|pref 32763 lookup main suppress_prefixlength 0
pref 5210 fwmark 0x80000/0xff0000 lookup main|pref 5230 fwmark 0x80000/0xff0000 lookup 77|pref 5250 fwmark 0x80000/0xff0000 unreachable|pref 5270 lookup 77
pref 100 from OWN lookup 77|pref 220 lookup 77
pref 1 lookup 77|pref 500 iif r1 lookup 77|pref 600 oif r1 lookup 77
pref 0 lookup 77|pref 0 blackhole
pref 5 goto 32766|pref 10 l3mdev prohibit
EOF
same_in_check

case_ rules_of_others_in_layout_a
while read -r set; do
    wrong "${set%% :*}" "$A|${set#*: }"
done <<'EOF'
in4 in6 own4 own6 : pref 100 lookup 77
in4 in6 own4 own6 : pref 1500 lookup 77
own4 own6 : pref 2500 lookup 77
own4 own6 : pref 2500 lookup main suppress_prefixlength 0
own4 own6 : pref 2500 not fwmark 51820 lookup 77
own4 own6 : pref 2500 from OWN lookup 77
own4 own6 : pref 2500 to NET lookup 77
own4 own6 : pref 2500 blackhole
own4 own6 : pref 500 fwmark 1 prohibit
own4 own6 : pref 500 iif o1 lookup 77
own4 own6 : pref 500 oif o1 lookup 77
in4 in6 own4 own6 : pref 500 fwmark 1 lookup 77
in4 in6 : pref 1500 to OTHER goto 1600|pref 1600 l3mdev goto 32766
in4 in6 own4 own6 : pref 500 goto 32766
in4 in6 : pref 500 goto 32765
EOF
rules "$A|pref 2500 lookup 77|pref 1500 fwmark 1 lookup 77|pref 2600 fwmark 1 goto 32766|pref 2700 prohibit"
verdict
for version in 4 6; do
    names $version "1500 table 77 \(for some\): it is asked before l3mdev unreachable and local: packets that have no route in the table of a VRF, and packets to this machine's own addresses can be routed by it$leave"
    names $version "2500 table 77: it is asked before local: packets to this machine's own addresses can be routed by it$leave"
    names $version "2600 goto 32766 \(for some\): it leads past local: packets to this machine's own addresses can be routed by rules behind$leave"
    names $version "2700 prohibit: it is asked before local: packets to this machine's own addresses can be refused by it$leave"
done
equal 'and nothing else' "$(wc -l </tmp/verdict)" 8
same_in_check

case_ rules_that_do_no_harm_in_layout_a
while read -r set; do
    rules "$A|$set"
    right "$set"
done <<'EOF'
pref 500 iif red lookup 10|pref 501 oif red lookup 10|pref 502 iif blue lookup 20|pref 503 oif blue lookup 20
pref 500 nop|pref 501 goto 2000|pref 502 iif gone lookup 77|pref 503 goto 700
pref 2500 to OTHER lookup 77|pref 2501 from OWN goto 32765|pref 32765 lookup 77
pref 500 iif red prohibit|pref 501 oif blue blackhole
pref 500 l3mdev|pref 501 l3mdev unreachable|pref 502 l3mdev prohibit
pref 2500 oif red lookup 77|pref 2501 iif r1 lookup 77
EOF

case_ table_of_one_vrf_is_not_the_others
rules "$A|pref 500 lookup 10"
verdict
names 4 "500 table 10: it is asked before l3mdev and local: packets of VRF blue, and packets to this machine's own addresses can be routed by it$leave"
rules "$A|pref 500 oif blue lookup 10"
verdict
names 6 "500 table 10 \(for some\): it is asked before l3mdev: packets of VRF blue can be routed by it$pair"
equal 'one of each family' "$(judged | words)" 'in4 in6'
# Linux 5.18 to 6.14 do not match it: what the kernel does may change by an update.
[ -z "$old" ] || equal 'found' "$(found | words)" 'in4 in6'

case_ rules_for_a_member
# In reach, before anything is in the way.
rules "$A"
answers() {
    expect "$1: IPv4, to the VRF" on a ping -c 1 -W 2 10.1.0.1
    expect "$1: IPv6, from further off" on a ping -6 -c 1 -W 2 -I fd66::1 fd01::1
    expect "$1: IPv6, to a neighbour" ping -6 -c 1 -W 3 -I red fd01::2
}
answers 'before'
rules "$A|pref 500 iif r1 lookup 77"
verdict
neighbours() {
    ip -6 neigh flush dev r1
    on a ip -6 neigh flush dev r1
}
if [ -n "$old" ]; then
    right 'iif of a member'
    neighbours
    answers 'iif of a member'
else
    names 4 "500 table 77 \(for some\): it is asked before l3mdev: packets of VRF red can be routed by it$pair"
    equal 'iif of a member' "$(judged | words)" 'in4 in6'
    refuse 'IPv4: a packet from the member is led away' on a ping -c 1 -W 2 10.1.0.1
    neighbours
    refuse 'IPv6: the answer of a neighbour is led away' ping -6 -c 1 -W 3 -I red fd01::2
fi
rules "$A|pref 500 oif r1 lookup 77"
verdict
if [ -n "$old" ]; then
    right 'oif of a member'
    answers 'oif of a member'
else
    names 6 "500 table 77 \(for some\): it is asked before l3mdev: packets of VRF red can be routed by it$pair"
    equal 'oif of a member' "$(judged | words)" in6
    expect 'IPv4' on a ping -c 1 -W 2 -I 10.66.0.1 10.1.0.1
    background ip netns exec o tcpdump -Z root -i o1 -n -l icmp6
    soon grep -q listening "$log"
    refuse 'IPv6: the answer to a ping goes astray' on a ping -6 -c 1 -W 2 -I fd66::1 fd01::1
    soon grep -q 'fd01::1 > fd66::1: ICMP6, echo reply' "$log" || fail 'the answer is not seen outside'
fi

case_ what_is_missing
wrong 'in4 in6' 'pref 0 lookup local|pref 1000 l3mdev|pref 32766 lookup main'
names 4 "0 local: it is asked before l3mdev: packets of a VRF reach this machine's addresses outside of it; vrf-launch up repairs it"
names 6 "l3mdev unreachable is missing: what a VRF's table does not know goes out by the next rules; vrf-launch up adds it"
equal 'no more' "$(wc -l </tmp/verdict)" 4
same_in_check
rules 'pref 0 l3mdev unreachable|pref 0 lookup local|pref 32766 lookup main'
verdict
names 4 "l3mdev is missing: VRFs' tables are not looked up; vrf-launch up adds it"
equal 'no more' "$(wc -l </tmp/verdict)" 2
refuse 'so it is' ip route get 10.1.0.2 vrf red
rules 'pref 0 l3mdev unreachable|pref 1000 l3mdev|pref 32765 lookup local|pref 32766 lookup main'
verdict
names 6 "l3mdev stands behind the rule that ends the lookups of VRFs: VRFs' tables are not looked up; vrf-launch up repairs it"
equal 'no more' "$(wc -l </tmp/verdict)" 2
refuse 'so it is' ip route get 10.1.0.2 vrf red
rules 'pref 1000 l3mdev|pref 2000 l3mdev unreachable|pref 32766 lookup main'
verdict
names 4 'local is missing: connections to this machine fail; add it by ip -4 rule add pref 32765 table local'
equal 'no more' "$(wc -l </tmp/verdict)" 2
equal 'so they do' "$(found | words)" 'own4 own6'
rules 'pref 0 l3mdev|pref 0 l3mdev unreachable|pref 5 fwmark 1 lookup 77|pref 32766 lookup main'
verdict
names 6 'local is missing: connections to this machine fail; add it by ip -6 rule add pref 0 table local'
equal 'no more' "$(wc -l </tmp/verdict)" 2
for version in 4 6; do
    ip -$version rule add pref 0 table local
done
right 'as it says'
rules 'pref 0 lookup local|pref 32766 lookup main'
verdict
names 4 "l3mdev is missing: VRFs' tables are not looked up; vrf-launch up adds it"
names 4 "l3mdev unreachable is missing: what a VRF's table does not know goes out by the next rules; vrf-launch up adds it"
equal 'no more' "$(wc -l </tmp/verdict)" 4
wrong 'in4 in6' 'pref 0 lookup local|pref 1000 l3mdev|pref 2000 l3mdev unreachable|pref 32766 lookup main'
names 4 "0 local: it is asked before l3mdev: .*"

case_ rules_of_others_at_0_in_front
wrong 'in4 in6 own4 own6' "pref 0 fwmark 1 lookup 77|$B"
names 4 "0 table 77 \(for some\): it is asked before l3mdev and local: packets of a VRF, and packets to this machine's own addresses can be routed by it; delete it, and add it again with a preference"
same_in_check
for version in 4 6; do
    ip -$version rule del pref 0 fwmark 1 lookup 77
    ip -$version rule add pref 1 fwmark 1 lookup 77
done
right 'as it says'
wrong 'own4 own6' "pref 0 oif o1 lookup 77|$B"
wrong 'in4 in6' 'pref 0 lookup local|pref 0 l3mdev|pref 0 l3mdev unreachable|pref 0 table local protocol 99|pref 32766 lookup main'

case_ many_rules_are_all_judged
many=''
for number in 1 2 3 4 5 6 7 8 9; do
    for digit in 0 1 2 3 4 5 6 7 8 9; do
        many="$many|pref 25$number$digit from OWN lookup 77"
    done
done
rules "$A$many"
verdict
equal 'all of them' "$(wc -l </tmp/verdict)" 180
match 'the last one' "$(cat /tmp/verdict)" '^6 2599 table 77'
run /vrf-launch check red
match 'the list says how many are left out' "$out" '^  -     IPv4 rules: 1000 l3mdev, .*, and [0-9]+ more$'
equal 'check: all of them' "$(echo "$out" | grep -c '^  FAIL  IPv. rules: ')" 180

case_ json_is_as_the_schemas_say
rules "$A|pref 1500 lookup 77"
json show "$(/vrf-launch show --json)"
json check "$(/vrf-launch check red --json)"

case_ random_sets_without_a_fault_do_no_harm
echo "# seed $seed, sets $sets"
cat >/tmp/sets.awk <<'EOF'
function any(n) { state = (state * 16807) % 2147483647; return int(state / 2147483647 * n) }
function one(list,  words, n) { n = split(list, words, " "); return words[any(n) + 1] }
function often(n) { return any(100) < n }
function rule(  text, kind) {
    text = "pref " one("0 0 1 500 999 1000 1001 1500 1999 2000 2001 5000 32764 32765 40000")
    if (often(8)) text = text " not"
    if (often(15)) text = text " from " one("OWN NET OTHER")
    if (often(20)) text = text " to " one("OWN NET OTHER OTHER")
    if (often(15)) text = text " iif " one("lo o1 r1 red blue gone")
    if (often(15)) text = text " oif " one("red blue r1 o1 gone")
    if (often(15)) text = text " fwmark " one("1 0x0/0xff 0x2/0x2")
    kind = any(100)
    if (kind < 45) return text " lookup " one("77 77 main local 10 20 999") (often(20) ? " suppress_prefixlength " one("0 128") : "")
    if (kind < 60) return text " goto " one("1001 1999 2000 2001 32765 32766 50000")
    if (kind < 70) return text " l3mdev" (often(50) ? " unreachable" : "")
    if (kind < 80) return text " nop"
    return text " " one("unreachable blackhole prohibit")
}
BEGIN {
    state = seed
    for (set = 1; set <= sets; set++) {
        line = ""
        for (n = any(2); n > 0; n--) line = line "|" rule()
        layout = any(10)
        line = line "|" (layout < 5 ? b : layout < 9 ? a : "pref 0 lookup local|pref 1000 l3mdev|pref 32766 lookup main")
        for (n = any(4); n > 0; n--) line = line "|" rule()
        print substr(line, 2)
    }
}
EOF
awk -v seed="$seed" -v sets="$sets" -v a="$A" -v b="$B" -f /tmp/sets.awk >/tmp/sets
clean=0 harmed=0
while read -r set; do
    for version in 4 6; do
        ip -$version rule flush
        while ip -$version rule del pref 0 2>/tmp/said; do :; done
        # One that is there already, or leads backwards, is refused.
        echo "$set" | tr '|' '\n' | sed "s/^ */rule add /; $(addresses $version)" | ip -$version -force -batch - 2>/tmp/said
    done
    verdict
    judged | words >/tmp/judged
    found | words >/tmp/found
    [ -s /tmp/verdict ] && [ -s /tmp/found ] && harmed=$((harmed + 1))
    [ -s /tmp/verdict ] || clean=$((clean + 1))
    # Words of /tmp/found that are not in /tmp/judged; where a rule is missing, that is what is named.
    tr ' ' '\n' </tmp/found | while read -r word; do
        [ -z "$word" ] || grep -q -e "$word" -e "lacks${word#"${word%?}"}" /tmp/judged || echo "$word"
    done >/tmp/unnamed
    equal "what is not named of: $set" "$(cat /tmp/unnamed)" '' || shown </tmp/verdict
done </tmp/sets
echo "# $clean without a fault, $harmed with one and a lookup that goes wrong"
[ $((clean * harmed)) -gt 0 ] || fail 'they do not tell'
