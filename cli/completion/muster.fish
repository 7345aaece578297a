# Completion of muster for fish; made by 'muster completion fish'.

# Reads the words before the cursor: sets __muster_command, __muster_index (how many words it has)
# and __muster_place (the options that say where artifacts are).
function __muster_read
    set -l tokens (commandline -opc)
    set -l option
    set -l only_words
    set -g __muster_command ''
    set -g __muster_index 0
    set -g __muster_place
    for token in $tokens[2..-1]
        if set -q option[1]
            __muster_take $option $token
            set option
        else if test -n "$only_words"; or not string match -q -- '-?*' $token
            if test -n "$__muster_command"
                set __muster_index (math $__muster_index + 1)
            else
                set __muster_command $token
            end
        else if test "$token" = --
            set only_words yes
        else if string match -q -- '--*=*' $token
            __muster_take (string split -m 1 = -- $token)
        else if string match -q -- '--*' $token
            __muster_has_value $token; and set option $token
        else
            # letters, as in -qvn NAME or -qvnNAME
            for letter in (string split '' -- (string sub -s 2 -- $token))
                __muster_has_value -$letter; or continue
                set -l value (string replace -r -- "^-[^$letter]*$letter" '' $token)
                if test -n "$value"
                    __muster_take -$letter $value
                else
                    set option -$letter
                end
                break
            end
        end
    end
end

function __muster_has_value
    contains -- " $argv[1]" $__muster_valued
    or contains -- "$__muster_command $argv[1]" $__muster_valued
end

# Option $argv[1] has the value $argv[2].
function __muster_take
    contains -- " $argv[1]" $__muster_places; or return
    set -a __muster_place $argv[1] (string replace -r -- '^~/' "$HOME/" $argv[2])
end

function __muster_is_command
    __muster_read
    test "$__muster_command" = $argv[1]
end

# Is the cursor at word $argv[2] of command $argv[1]? Without $argv[2]: at any of its words.
function __muster_is_word
    __muster_read
    test "$__muster_command" = "$argv[1]"; or return
    not set -q argv[2]; or test $__muster_index = $argv[2]
end

# Whatever of these kinds continues the current word.
function __muster_complete
    __muster_read
    set -l current (string replace -r -- '^--[^=]*=' '' (commandline -ct))
    set -l program (commandline -opc)[1]
    for kind in $argv
        switch $kind
            case artifacts versions
                $program completion $kind (string unescape -- $current) $__muster_place 2>/dev/null
            case commands
                printf '%s\n' $__muster_commands
            case named-files # behind "=" fish finds them by itself
                string match -q -- '@*' $current
                and string replace -r -- '^' @ (__fish_complete_path (string sub -s 2 -- $current))
            case directories
                __fish_complete_directories $current ''
        end
    end
end

# (tables)
