#compdef muster
# Completion of muster for zsh; made by 'muster completion zsh'.

# (tables)

# What is meant by $1: without quotes, and with the home that ~ stands for.
_muster_unquote() {
	REPLY=${${(Q)1}/#\~\//$HOME/}
}

# Reads the options that say where artifacts are into `place`.
_muster_find_place() {
	local -i i
	local REPLY word

	for (( i = 2; i < CURRENT; i++ )); do
		word=$words[i]
		if (( $_muster_places[(Ie)${word%%=*}] )); then
			if [[ $word == *=* ]]; then _muster_unquote ${word#*=}; else _muster_unquote $words[++i]; fi
			place+=(${word%%=*} "$REPLY")
		elif [[ $word == ${~_muster_place_letters}* ]]; then
			_muster_unquote ${${word##${~_muster_place_letters}}:-$words[++i]}
			place+=($_muster_places[1] "$REPLY")
		fi
	done
}

# Artifacts ($1 is "artifacts") or versions ("versions") that continue the current word.
_muster_names() {
	local -a names expl

	names=(${(f)"$($program completion $1 "${(Q)PREFIX}" $place 2>/dev/null)"})
	_wanted $1 expl ${1%s} compadd -a names
}

# Whatever of these kinds continues the current word.
_muster_complete() {
	local kind result=1

	for kind; do
		case $kind in
		(artifacts|versions) _muster_names $kind && result=0 ;;
		(commands) _describe -t commands command _muster_commands && result=0 ;;
		(files) _files && result=0 ;;
		(named-files) compset -P '*[=@]' && _files && result=0 ;;
		(directories) _files -/ && result=0 ;;
		esac
	done
	return result
}

_muster() {
	local curcontext=$curcontext state line program=${(Q)words[1]} ret=1
	local -a specs place
	local -A opt_args

	_muster_find_place
	_muster_specs
	_arguments -C -s -S $specs '(-)1:command:{ _muster_complete commands }' \
		'(-)*::argument:->command' && ret=0
	if [[ $state == command ]]; then
		_muster_specs $words[1]
		curcontext=${curcontext%:*:*}:muster-$words[1]:
		_arguments -s -S $specs && ret=0
	fi
	return ret
}

if [[ $funcstack[1] == _muster ]]; then
	_muster "$@"
else
	compdef _muster muster
fi
