# Completion of muster for bash; made by 'muster completion bash'. Needs bash 4.4 or later, and
# nothing else.

# The words of the line up to the cursor, into `words`: bash parts them at ":" and "=", too.
_muster_split() {
	local line=${COMP_LINE:0:COMP_POINT} part

	words=()
	for part in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
		if [[ ${#words[@]} == 0 || $line == [[:blank:]]* ]]; then
			words+=("")
		fi
		line=${line#"${line%%[![:blank:]]*}"}
		[[ $line == "$part"* ]] || part=$line # the cursor is within the last one
		words[-1]+=$part
		line=${line#"$part"}
	done
}

# What $1 means, as far as it can be told without running anything, into `plain`.
_muster_unquote() {
	plain=${1//[\\\"\']/}
	[[ $1 == '~/'* ]] && plain=$HOME/${plain:2}
}

# Option $1 has the value $2: keeps in `place` those that say where artifacts are.
_muster_take() {
	local plain

	_muster_value "$command" "$1" && [[ $kinds == *place* ]] || return
	_muster_unquote "$2"
	place+=("$1" "$plain")
}

# Letters as in -qvn NAME or -qvnNAME.
_muster_letters() {
	local i letter

	for ((i = 1; i < ${#1}; i++)); do
		letter=-${1:i:1}
		_muster_value "$command" "$letter" || continue
		if ((i + 1 < ${#1})); then
			_muster_take "$letter" "${1:i+1}"
		else
			option=$letter
		fi
		return
	done
}

# Reads the words before the current one into `command`, `index` (how many words it has), `option`
# (whose value comes next), `place`, `only_words`.
_muster_read() {
	local word

	for word in "${words[@]:1:${#words[@]}-2}"; do
		if [[ $option ]]; then
			_muster_take "$option" "$word"
			option=
		elif [[ $only_words || $word != -?* ]]; then
			if [[ $command ]]; then ((index++)); else command=$word; fi
		elif [[ $word == -- ]]; then
			only_words=yes
		elif [[ $word == --*=* ]]; then
			_muster_take "${word%%=*}" "${word#*=}"
		elif [[ $word == --* ]]; then
			_muster_value "$command" "$word" && option=$word
		else
			_muster_letters "$word"
		fi
	done
}

# `candidate` as it must be typed within the quotes that were begun: names are other people's.
_muster_quote() {
	case $quote in
	"'") candidate=${candidate//\'/\'\\\'\'} ;;
	'"')
		candidate=${candidate//\\/\\\\}
		candidate=${candidate//\"/\\\"}
		candidate=${candidate//\$/\\\$}
		candidate=${candidate//\`/\\\`}
		;;
	*) printf -v candidate %q "$candidate" ;;
	esac
}

# Offers those of the candidates $2... that continue the current word, which is $1 and what stands
# before it, as "--option=". Readline replaces only what follows the last ":" or "=".
_muster_offer() {
	local current=$1 before=$lead$1 candidate
	shift

	if [[ $before == [\"\']* ]]; then
		before=
	else
		_muster_unquote "$before"
		before=$plain
		while [[ $before && ! ($before == *[:=] && $COMP_WORDBREAKS == *"${before: -1}"*) ]]; do
			before=${before%?}
		done
	fi
	_muster_unquote "$current"
	current=$plain
	for candidate; do
		[[ $candidate == "$current"* ]] || continue
		candidate=$lead$candidate
		candidate=${candidate#"$before"}
		_muster_quote
		COMPREPLY+=("$candidate")
	done
}

_muster_names() {
	local plain names

	_muster_unquote "$2"
	mapfile -t names < <("${words[0]}" completion "$1" "$plain" "${place[@]}" 2>/dev/null)
	_muster_offer "$2" "${names[@]}"
}

# Files behind "@", where readline itself looks for names of hosts.
_muster_documents() {
	local plain files

	_muster_unquote "${1#@}"
	mapfile -t files < <(compgen -f -- "$plain")
	_muster_offer "$1" "${files[@]/#/@}"
}

# Offers what `kinds` and `fixed` say for the current word $1.
_muster_complete() {
	local kind

	[[ $fixed ]] && _muster_offer "$1" $fixed
	for kind in $kinds; do
		case $kind in
		artifacts | versions) _muster_names "$kind" "$1" ;;
		commands) _muster_offer "$1" $commands ;;
		named-files | files) # readline offers files if nothing else is
			[[ $kind == named-files && $1 == @* ]] && _muster_documents "$1"
			compopt -o default 2>/dev/null
			;;
		directories) compopt -o plusdirs 2>/dev/null ;;
		esac
	done
}

_muster() {
	local IFS=$' \t\n' words command= index=0 option= only_words= place=() kinds= fixed=
	local current lead= plain quote= commands options

	COMPREPLY=()
	_muster_split
	_muster_read
	current=${words[-1]}
	[[ $current == [\"\']* ]] && quote=${current:0:1}
	_muster_options "$command"
	if [[ $option ]]; then
		_muster_value "$command" "$option"
	elif [[ ! $only_words && $current == --*=* ]]; then
		_muster_value "$command" "${current%%=*}" || return
		lead=${current%%=*}=
		current=${current#*=}
	elif [[ ! $only_words && $current == -* ]]; then
		kinds= fixed=$options
	elif [[ ! $command ]]; then
		kinds=commands fixed=
	else
		_muster_word "$command" "$index" || return
	fi
	_muster_complete "$current"
}

# (tables)
complete -F _muster muster
