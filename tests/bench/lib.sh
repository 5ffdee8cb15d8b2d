#!/bin/sh
# The vocabulary of the benchmarks, beside that of the scenarios.
#
#   measure TABLE ROW COLUMNS COMMAND...   runs COMMAND, which prints a number for each of COLUMNS ("a, b"; "-" is none), $rounds times;
#                                          lines "# figure TABLE|ROW|COLUMN|ROUNDS|COMMAND" are for `make bench`
#   give TABLE ROW COLUMN NUMBERS          figures that are known
#   version NAME TEXT                      what is measured with

export rounds=3 plain=''
costs seed || fail 'no random numbers'
grep -q ' plain' /proc/cmdline && plain=yes

version() {
    echo "# version $1|$2"
}

give() {
    echo "# figure $1|$2|$3|$4|$5"
}

measure() {
    table_=$1 row_=$2 columns_=$3
    shift 3
    : >/tmp/rounds
    for round_ in $(seq $rounds); do
        "$@" >/tmp/figures 2>/tmp/said || {
            fail "$table_, $row_, round $round_"
            cat /tmp/figures /tmp/said | tail -n 20 | shown
            return 1
        }
        tail -n 1 /tmp/figures >>/tmp/rounds
    done
    number_=0
    echo "$columns_" | sed 's/, /\n/g' >/tmp/columns
    while read -r column_; do
        number_=$((number_ + 1))
        [ "$column_" != - ] || continue
        values_=$(awk -v n=$number_ '{ print $n }' /tmp/rounds | sort -n | tr '\n' ' ')
        match "$table_, $row_, $column_" "$values_" '^([0-9]+ )+$'
        case $column_ in *µs*) values_=$(echo "$values_" | awk "{ for (n = 1; n <= NF; n++) printf \"%d \", \$n / 1000 }") ;; esac
    give "$table_" "$row_" "$column_" "$values_" "$*"
    done </tmp/columns
}

# VRF n has table 1000 + n and the member mn, with an address and two routes by it.
configuration() {
    awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) {
        a = int(i / 250); b = i % 250
        printf "auto v%d\niface v%d\n vrf-table %d\n vrf-route unreachable 11.%d.%d.0/24\n", i, i, 1000 + i, a, b
        printf "auto m%d\niface m%d\n link-type dummy\n address 10.%d.%d.1/24\n vrf v%d\n post-up ip route add 10.%d.%d.0/25 dev m%d table %d\n", i, i, a, b, i, 100 + a, b, i, 1000 + i
    } }'
}
batch() {
    echo 'link set lo up'
    echo 'rule add pref 0 l3mdev protocol kernel'
    echo 'rule add pref 0 l3mdev unreachable protocol kernel'
    echo 'rule add pref 0 table local protocol boot'
    echo 'rule del pref 0 table local protocol kernel'
    echo 'rule add pref 0 table local protocol kernel'
    echo 'rule del pref 0 table local protocol boot'
    awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) {
        a = int(i / 250); b = i % 250
        printf "link add v%d type vrf table %d\nlink add m%d type dummy\n", i, 1000 + i, i
        printf "link set m%d master v%d\nlink set v%d up\nlink set m%d up\n", i, i, i, i
        printf "addr add 127.0.0.1/8 dev v%d\naddr add ::1/128 dev v%d nodad\naddr add 10.%d.%d.1/24 dev m%d\n", i, i, a, b, i
        printf "route add 10.%d.%d.0/25 dev m%d table %d\nroute add unreachable 11.%d.%d.0/24 table %d\n", 100 + a, b, i, 1000 + i, a, b, 1000 + i
    } }'
}
# many: begins the table of many VRFs
# fresh COMMAND...: its cost in a new namespace. The one before is kept: taking away what is in it would take the kernel long, and
# whatever comes meanwhile would wait.
fresh() {
    if [ -e /run/netns/fresh ]; then
        old=/run/netns/$(cut -d ' ' -f 1 /proc/uptime)
        touch "$old"
        mount --bind /run/netns/fresh "$old"
        ip netns del fresh
    fi
    ip netns add fresh
    rm -rf /run/vrf-launch
    on fresh costs once "$@"
}
many() {
    version iproute2 "$(ip -V)"
    t='many VRFs'
}
# one WAY COMMAND...: adds its figures to those of that way
one() {
    way_=$1
    shift
    fresh "$@" >/tmp/figures 2>/tmp/said || {
        fail "$way_"
        tail -n 20 /tmp/said | shown
    }
    tail -n 1 /tmp/figures >>"/tmp/figures.$way_"
    equal "VRFs by $way_" "$(on fresh ip -br link show type vrf | wc -l)" "$n"
    equal "their routes" "$(on fresh ip route show table $((1000 + n)) | grep -c '/25\|/24.*unreachable\|unreachable')" 2
    echo "$*" >"/tmp/command.$way_"
}
# vrfs N: N of them, by either way first: the namespaces that are kept cost whatever comes later.
vrfs() {
    n=$1
    configuration "$n" >/tmp/conf
    batch "$n" >/tmp/batch
    rm -f /tmp/figures.*
    one batch ip -batch /tmp/batch
    one up /vrf-launch -q --wait 0 -c /tmp/conf up
    one up /vrf-launch -q --wait 0 -c /tmp/conf up
    one batch ip -batch /tmp/batch
    for way in 'batch ip -batch' 'up up'; do
        figures=/tmp/figures.${way%% *}
        command=$(cat "/tmp/command.${way%% *}")
        give "$t" "$n" "${way#* }: instructions" "$(awk '{ print $1 }' "$figures" | sort -n | xargs)" "$command"
        give "$t" "$n" "${way#* }: KiB" "$(awk '{ print $3 }' "$figures" | sort -n | xargs)" "$command"
    done
    export rounds=3
    measure "$t" "$n" 'a launch into the last: instructions' on fresh costs launch 3 /vrf-launch "v$n" -- /busybox/true
}
