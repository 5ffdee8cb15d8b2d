#!/bin/sh
# `vrf-launch explain` comes to the same end as the kernel on random sets of rules and routes, and says where packets then go.
#
# Forty sets, or as many as `sets=N` on the kernel's command line says (`make test-explain`: a thousand), from a seed that
# is shown (`seed=N` for another). Each has its own rules and routes of both families, and two questions for each family. The judge
# is `ip route get`, asked which route decides and what becomes of it; for every fifth set also what arrives at the far
# ends of the interfaces.
# kernels: once
# modules: vrf veth
# timeout: 2400
word() {
    tr ' ' '\n' </proc/cmdline | sed -n "s/^$1=//p" | tail -n 1
}
sets=$(word sets) seed=$(word seed)
sets=${sets:-40} seed=${seed:-20261126}
echo "# seed $seed, sets $sets"

# r1, r2 in VRF red, b1 in blue, o1, o2 in none; no address is asked for, whatever the gateway.
ip link set lo up
ip netns add far
ip link add red type vrf table 10
ip link add blue type vrf table 20
number=0
for name in r1 r2 b1 o1 o2; do
    number=$((number + 1))
    ip link add $name type veth peer name $name netns far
    on far ip link set $name up
    case $name in
    r*) ip link set $name master red ;;
    b*) ip link set $name master blue ;;
    esac
    ip link set $name arp off addrgenmode none up
    ip addr add 10.$number.0.1/24 dev $name
    ip addr add fd0$number::1/64 dev $name nodad
done
ip link set red up
ip link set blue up
for version in -4 -6; do
    ip $version rule add pref 32765 table local
    ip $version rule del pref 0
done
sysctl -qw net.ipv4.fib_multipath_hash_policy=0

# One file for each set and family, for `ip -batch`: it takes back what the set before has made, makes its own, and asks.
cat >/tmp/sets.awk <<'END'
# A number below n; as MINSTD has it.
function any(n) { state = (state * 16807) % 2147483647; return int(state / 2147483647 * n) }
function one(list,  words) { return words_of(list, words) ? words[any(words_of(list, words)) + 1] : "" }
function words_of(list, words) { return split(list, words, " ") }
function often(n) { return any(100) < n }
function net() { return one(six ? "fd09::/16 fd09:9::/32 fd09:9:1::/48 fd09:9:1::128/121 fd09:9:1::130/128 default fd00::/8 fd04::/64" :
    "10.9.0.0/16 10.9.1.0/24 10.9.1.128/25 10.9.1.130/32 default 10.0.0.0/8 10.9.0.0/17 10.4.0.0/24") }
function gateway(dev) { return (six ? "fd0" substr("12345", index("r1r2b1o1o2", dev) / 2 + 0.5, 1) "::" : "10." substr("12345", index("r1r2b1o1o2", dev) / 2 + 0.5, 1) ".0.") 2 + any(7) }
function hop(dev) { dev = one("r1 r2 b1 o1 o2 r1 r2"); return (often(60) ? "via " gateway(dev) " " : "") "dev " dev }
function route(kind, text) {
    kind = one("unicast unicast unicast unicast unicast unicast unicast unreachable blackhole prohibit throw throw")
    text = "route add " kind " " net() " table " one("10 10 10 101 102 103 104 main 20") " proto 99"
    if (often(40)) text = text " metric " one("5 10 20 2000")
    if (kind != "unicast") return text
    if (often(85)) return text " " hop() (often(20) ? " onlink" : "")
    return text " nexthop " hop() " nexthop " hop()
}
function selector(text) {
    if (often(6)) text = text " not"
    if (often(20)) text = text " from " one(six ? "fd01::/64 fd02::1 fd00::/8 fd77::/16" : "10.1.0.0/24 10.2.0.1 10.0.0.0/8 10.77.0.0/16 0.0.0.0/8")
    if (often(30)) text = text " to " (six ? one("fd09::/16 fd09:9:1::/48 fd09:9:1::130 fd00::/8 2001:db8::/32") : one("10.9.0.0/16 10.9.1.0/24 10.9.1.130 10.0.0.0/8 8.8.8.0/24"))
    if (often(12)) text = text " iif " one("lo lo r1 red o1 gone")
    if (often(15)) text = text " oif " one("red red r1 blue o1 gone")
    if (often(10)) text = text " fwmark " one("1 0x0/0xff 0x2/0x2 0/0")
    if (often(8)) text = text " ipproto " one("17 6")
    if (often(8)) text = text " dport " one("53 40-60 1000-2000")
    if (often(4)) text = text " sport " one("53 40-60")
    if (often(8)) text = text " uidrange " one("0-0 1000-2000 0-1000")
    if (often(4)) text = text " tos 0x10"
    return text
}
function rule(pref, kind, text) {
    # Of equal preference the older one is asked first; the kernel does not tell a preference of 0.
    pref = often(20) ? 0 : often(15) ? 1500 : 1 + any(2999)
    text = selector("")
    kind = any(100)
    if (kind < 55) {
        text = text " lookup " one("101 102 103 104 main 10 20 999")
        if (often(25)) text = text " suppress_prefixlength " one("0 8 16 24 31")
    } else if (kind < 65) text = text " l3mdev" (often(50) ? "" : " unreachable")
    else if (kind < 71) text = text " unreachable"
    else if (kind < 77) text = text " blackhole"
    else if (kind < 83) text = text " prohibit"
    else if (kind < 88) text = text " nop"
    else text = text " goto " pref + 1 + any(often(50) ? 600 : 3000)
    return "rule add pref " pref text " protocol 99"
}
function put(line) { print line >file; lines++ }
BEGIN {
    state = seed
    for (set = 1; set <= sets; set++) for (six = 0; six < 2; six++) {
        file = "/tmp/sets/" set "." (six ? 6 : 4)
        lines = 0
        put("rule flush protocol 99")
        # That leaves preference 0 alone.
        for (n = 0; n < 20; n++) put("rule del pref 0 protocol 99")
        put("route flush table all proto 99")
        if (often(50)) put("rule add pref 2000 l3mdev unreachable protocol 99")
        for (n = 2 + any(7); n > 0; n--) {
            text = rule()
            put(text)
            # What it goes to is there as a rule more often than not.
            if (match(text, /goto [0-9]+/) && often(70)) put("rule add pref " substr(text, RSTART + 5, RLENGTH - 5) " lookup " one("101 102 10 main") " protocol 99")
        }
        for (n = 8 + any(17); n > 0; n--) put(route())
        for (n = 0; n < 2; n++) {
            to = one(six ? "fd09:9:1::130 fd09:9:1::135 fd09:9:1::5 fd09:9:77::1 fd09:88::1 fd44::1 2001:db8::1 fd01::1 fd01::7 fd04::9 ::1" :
                "10.9.1.130 10.9.1.135 10.9.1.5 10.9.200.1 10.9.77.1 10.200.0.1 8.8.8.8 10.1.0.1 10.1.0.7 10.4.0.9 127.0.0.1")
            from = often(25) ? one(six ? "fd01::1 fd02::1 fd77::1" : "10.1.0.1 10.2.0.1 10.77.0.1") : ""
            vrf = one("red red red red blue default")
            port = often(25) ? 53 : 0
            ask = "route get " to (from ? " from " from : "") (vrf == "default" ? "" : " vrf " vrf) " ipproto 17" (port ? " dport " port : "")
            put(ask " fibmatch")
            put(ask)
            print vrf, to, (from ? "--from " from : ""), (port ? "--port udp:" port : "") >(file ".ask")
        }
        # The numbers of the lines that ask.
        print lines - 3 >(file ".lines")
        close(file); close(file ".ask"); close(file ".lines")
    }
}
END
mkdir -p /tmp/sets
awk -v seed="$seed" -v sets="$sets" -f /tmp/sets.awk

case_ generator_makes_sets_that_the_kernel_takes
ip netns exec far tcpdump -Z root -i any -n -l 'udp and dst portrange 17000-17999' >/tmp/seen 2>/tmp/tcpdump &
sniffer=$!
soon grep -q 'listening' /tmp/tcpdump || fail 'no sniffer'
set=0 sent=0
while [ $set -lt "$sets" ]; do
    set=$((set + 1))
    for family in 4 6; do
        file=/tmp/sets/$set.$family
        ip -$family -j -force -batch $file >$file.out 2>$file.err
        while read -r line; do
            # shellcheck disable=SC2086 # words
            /vrf-launch explain --json $line
            echo $? >>/tmp/codes
        done <$file.ask >$file.explain 2>>/tmp/messages
        [ $((set % 2)) = 0 ] || continue
        # What becomes of a packet, of the first question, from a socket that is not connected.
        read -r vrf to rest <$file.ask
        [ -z "$rest" ] || continue
        # IPv6 asks a second time, with a source, where there is no route without.
        [ $family = 4 ] || head -n 1 $file.explain | jq -e .reached >/tmp/ignored || continue
        # Whatever the route, it does not leave the machine.
        [ "$to" != ::1 ] || continue
        sent=$((sent + 1))
        [ $family = 4 ] || to="[$to]"
        port=$((17000 + sent))
        # shellcheck disable=SC2086 # none for IPv4
        echo "$port $(head -n 1 $file.explain | jq -r 'if .type == "unicast" then .dev else "nowhere" end') $vrf $to set $set" >>/tmp/sent
        if [ "$vrf" = default ]; then set --; else set -- /vrf-launch --isolation bind "$vrf" --; fi
        echo x | "$@" /usr/bin/socat -u - "UDP$family-SENDTO:$to:$port" >/tmp/ignored 2>&1
    done
done
cat /tmp/sets/*.err | grep -v '^Command' | sort | uniq -c | shown
refuse 'something is not understood by ip' grep -rE 'Error: (arg|inv|eith|an? )|unknown|Usage' /tmp/sets

case_ explain_comes_to_the_same_end_as_the_kernel
# Each answer with the question: {"ask", "fib", "get", "explain"}; an answer that is an error is its text.
cat >/tmp/join.awk <<'END'
BEGIN {
    for (set = 1; set <= sets; set++) for (family = 4; family <= 6; family += 2) {
        file = "/tmp/sets/" set "." family
        delete failed
        while ((getline line <(file ".err")) > 0) {
            if (match(line, /answers: /)) text = substr(line, RSTART + 9)
            else if (line ~ /^Error: /) text = substr(line, 8)
            else if (line ~ /^Command failed/) { sub(/.*:/, "", line); failed[line] = text }
        }
        getline first <(file ".lines")
        out = file ".out"
        for (n = 0; n < 2; n++) {
            getline ask <(file ".ask")
            for (which = 0; which < 2; which++) {
                number = first + 2 * n + which
                if (number in failed) answer[which] = "\"" failed[number] "\""
                else do if ((getline answer[which] <out) <= 0) answer[which] = "[{}]"
                    while (answer[which] == "[]")
            }
            if ((getline explain <(file ".explain")) <= 0) explain = "null"
            printf "{\"set\":\"%s\",\"ask\":\"%s\",\"fib\":%s,\"get\":%s,\"explain\":%s}\n", set "." family, ask, answer[0], answer[1], explain
        }
        close(file ".err"); close(file ".lines"); close(file ".ask"); close(out); close(file ".explain")
    }
}
END
awk -v sets="$sets" -f /tmp/join.awk >/tmp/all
cat >/tmp/judge.jq <<'END'
def errno: {"Network is unreachable": "ENETUNREACH", "No route to host": "EHOSTUNREACH", "Permission denied": "EACCES", "Invalid argument": "EINVAL"};
def table: if . == "main" then 254 elif . == "local" then 255 elif . == "default" then 253 elif . == null then 254 else tonumber end;
def unmasked: if . == "default" or contains("/") then . elif contains(":") then . + "/128" else . + "/32" end;
.explain as $e
| if (.fib | type) == "string" then
    # The kernel's error: of the rule or route at which the walk ends.
    {error: errno[.fib]} == {error: $e.error}
    and (if $e.why == "no interface has the address that it is to come from" then true
         elif ($e.rules | length) == 0 or $e.rules[-1].outcome != "route" then errno[.fib] == ({prohibit: "EACCES", blackhole: "EINVAL"}[$e.rules[-1] | select(.outcome == "end") | .action] // "ENETUNREACH")
         else errno[.fib] == {prohibit: "EACCES", blackhole: "EINVAL", unreachable: "EHOSTUNREACH"}[$e.rules[-1].route.type] end)
  else
    .fib[0] as $f | .get[0] as $g | $e.rules[-1] as $r
    | $r.outcome == "route"
      and $r.route.to == ($f.dst | unmasked)
      and $r.route.type == ($f.type // "unicast")
      and ($r.route.metric // 0) == ($f.metric // 0)
      and ($f.table == null or $r.asked_table == ($f.table | table))
      and ($r.asked_table == $e.decided_by_table)
      and $e.dev == $g.dev and $e.via == ($g.gateway // $g.via.host) and ($e.source == $g.prefsrc or $g.prefsrc == null)
  end
| not
END
equal 'as many answers as questions' "$(wc -l </tmp/all)" $((sets * 4))
jq -c "select($(cat /tmp/judge.jq))" /tmp/all >/tmp/wrong
[ -s /tmp/wrong ] && fail "$(wc -l </tmp/wrong) of $((sets * 4)) come to another end"
head -n 5 /tmp/wrong | while read -r line; do
    echo "$line" | shown
    grep -v flush "/tmp/sets/$(echo "$line" | jq -r .set)" | shown
done
echo "# $(jq -r 'if .explain.error then .explain.error else .explain.type end' /tmp/all | sort | uniq -c | tr '\n' ' ')"
echo "# $(jq -r '.explain.rules[].outcome' /tmp/all | sort | uniq -c | tr '\n' ' ')"

case_ explain_says_so_itself
equal 'exit codes' "$(sort -u /tmp/codes)" 0
equal 'messages' "$(cat /tmp/messages)" ''
equal 'it agrees' "$(jq -r .explain.agrees /tmp/all | sort -u)" true

case_ packets_go_where_it_says
sleep 1
while read -r port wanted question; do
    seen=$(sed -n "s/^[^ ]* \([a-z0-9]*\) .*\.$port: UDP.*/\1/p" /tmp/seen | sort -u | tr '\n' ' ')
    equal "the packet to port $port ($question)" "${seen:-nowhere }" "$wanted " || grep "\.$port:" /tmp/seen | shown
done </tmp/sent
echo "# $(wc -l </tmp/sent) packets: $(cut -d' ' -f2 /tmp/sent | sort | uniq -c | tr '\n' ' ')"
kill $sniffer
