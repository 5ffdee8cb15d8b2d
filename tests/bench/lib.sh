#!/bin/sh
# The vocabulary of the benchmarks, beside that of the scenarios.
#
#   measure TABLE ROW COLUMNS COMMAND...   runs COMMAND, which prints a number for each of COLUMNS ("a, b"; "-" is none), $rounds times;
#                                          lines "# figure TABLE|ROW|COLUMN|ROUNDS|COMMAND" are for `make bench`
#   give TABLE ROW COLUMN NUMBERS          figures that are known
#   version NAME TEXT                      what is measured with

export rounds=3 plain=''
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
