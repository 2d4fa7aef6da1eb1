# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Completion for the tools of rnnmap. Commands and options are read from the --help of the very tool
# that is being completed, so that they are its own. To try it: source scripts/completion.bash

# The tool's commands, from the usage lines "rnnprof run [options] CAMPAIGN.ini".
_rnnmap_commands() {
    awk '/^options:|^with every/ {exit}
        /^(usage:|      ) / {
            sub(/^(usage:|      ) /, "")
            if ($1 == tool && $2 !~ /^\[/) print $2
        }' tool="$2" <<<"$1"
}

# One option a line: "--db FILE", "-d --db FILE" and "--fast" as in the help.
_rnnmap_options() {
    sed -nE 's/^  (    |(-.), )(--[a-z0-9-]+)( ([^ ]+))?( .*)?$/\3\t\2\t\5/p' <<<"$1" |
        awk -F'\t' '{print $1, $3; if ($2 != "") print $2, $3}'
}

# The argument's word of an option, "" for a flag.
_rnnmap_argument() {
    awk -v option="$2" '$1 == option {print $2; exit}' <<<"$1"
}

# The words that an option takes, as the tool itself says when it gets another one. With --help
# nothing is run where any word is taken.
_rnnmap_choices() {
    "${tool/#\~/$HOME}" ${command:+"$command"} "$1" '' --help 2>&1 >/dev/null |
        sed -n "s/.*: '' is none of //p" | tr -d ,
}

_rnnmap() {
    local tool=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local help commands options command='' argument i
    COMPREPLY=()
    help=$("${tool/#\~/$HOME}" --help 2>/dev/null) || return 0
    commands=$(_rnnmap_commands "$help" "${tool##*/}")
    if [[ -n $commands ]]; then
        for ((i = 1; i < COMP_CWORD; i++)); do
            [[ -z $command && ${COMP_WORDS[i]} != -* ]] && command=${COMP_WORDS[i]}
        done
        if [[ -z $command ]]; then
            [[ $current == -* ]] && commands='--help --version'
            mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
            return 0
        fi
        help=$("${tool/#\~/$HOME}" "$command" --help 2>/dev/null) || return 0
    fi
    options=$(_rnnmap_options "$help")

    # bash cuts words at "=": "--db=x" comes as three words.
    if [[ $current == = ]]; then
        current=
    elif [[ $previous == = ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    if [[ $previous == -* ]]; then
        argument=$(_rnnmap_argument "$options" "$previous")
        case $argument in
        '') ;; # a flag: what follows is an option or an operand
        *FILE* | *CSV* | *DIR* | SOURCE | LINK | *.csv | *.ini | *.h | *.html)
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            compopt -o filenames 2>/dev/null
            return 0
            ;;
        *) # a choice is offered; for a number or a name there is nothing to offer
            mapfile -t COMPREPLY < <(compgen -W "$(_rnnmap_choices "$previous")" -- "$current")
            return 0
            ;;
        esac
    fi
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(cut -d' ' -f1 <<<"$options")" -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        compopt -o filenames 2>/dev/null
    fi
}

complete -F _rnnmap rnnprof rnnfit rnngen rnneval rnnserve rnnlink
