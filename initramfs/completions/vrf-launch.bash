# bash completion for vrf-launch: /usr/share/bash-completion/completions/vrf-launch
# busybox's ash completes names of files and programs only; there is nothing to install for it.
# shellcheck shell=bash

_vrf_launch_vrfs() {
    vrf-launch ip vrf show 2>/dev/null | sed 1,2d | cut -d ' ' -f 1
}

# _vrf_launch_names KEYWORD: what stanzas of that kind are called
_vrf_launch_names() {
    local file=$config
    if [[ -z $file ]]; then
        for file in /etc/vrf-launch.conf /etc/network/interfaces; do
            [[ -r $file ]] && break
        done
    fi
    sed -n "s/^[[:space:]]*$1[[:space:]][[:space:]]*\([^[:space:]]*\).*/\1/p" "$file" 2>/dev/null
}

_vrf_launch() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' config='' at=1 count=0 words=''
    local values='config|isolation|bind|listen|user|env|chdir|resolv-conf|wait|confirm|keep-fd|no-new-privs|max-connections|max-per-source|from|port|in'
    local options='--config --isolation --bind --listen --inetd --max-connections --max-per-source --user --env --chdir
        --resolv-conf --wait --confirm --exact --diff --json --from --port --in --keep-fd --no-new-privs --dry-run --quiet
        --verbose --help --version'
    local commands='up down run init show pids identify adopt check explain plan confirm ip help'
    # --opt=value comes as three words.
    [[ $cur == = ]] && prev='' cur=''
    [[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD - 2]}
    while ((at < COMP_CWORD)); do
        case ${COMP_WORDS[at]} in
        -c | --config)
            [[ ${COMP_WORDS[at + 1]} == = ]] && ((at++))
            config=${COMP_WORDS[++at]}
            ;;
        --)
            # From here on it is somebody else's command.
            if ((count <= 1)); then
                _command_offset $((at + 1)) 2>/dev/null || mapfile -t COMPREPLY < <(compgen -A command -- "$cur")
                return
            fi
            ;;
        -*)
            [[ ${COMP_WORDS[at]} =~ ^--($values)$ ]] && {
                [[ ${COMP_WORDS[at + 1]} == = ]] && ((at++))
                ((at++))
            }
            ;;
        *)
            ((count++))
            [[ -z $command ]] && command=${COMP_WORDS[at]}
            ;;
        esac
        ((at++))
    done
    case $prev in
    -c | --config | --resolv-conf) mapfile -t COMPREPLY < <(compgen -f -- "$cur") && return ;;
    --chdir) mapfile -t COMPREPLY < <(compgen -d -- "$cur") && return ;;
    --user) mapfile -t COMPREPLY < <(compgen -u -- "$cur") && return ;;
    --isolation) words='bind guard strict' ;;
    --bind) words='auto cgroup seccomp none' ;;
    --no-new-privs) words='yes no' ;;
    --listen) words='tcp: udp:' ;;
    --in) words=$(ls /sys/class/net 2>/dev/null) ;;
    --wait | --confirm | --keep-fd | --env | --max-* | --from | --port) return ;;
    *)
        case $cur in
        -*) words=$options ;;
        *)
            case $command in
            '') words="$commands default $(_vrf_launch_vrfs)" ;;
            up | down | plan) words=$(_vrf_launch_names iface) ;;
            run) words=$(_vrf_launch_names service) ;;
            help) words=$commands ;;
            show | check | pids | explain) ((count > 1)) || words=$(_vrf_launch_vrfs) ;;
            adopt) ((count > 1)) || words="default $(_vrf_launch_vrfs)" ;;
            identify | confirm | init | ip) ;;
            *) mapfile -t COMPREPLY < <(compgen -A command -- "$cur") && return ;;
            esac
            ;;
        esac
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _vrf_launch vrf-launch
