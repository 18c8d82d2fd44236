package main

import (
	"regexp"
	"slices"
	"strings"
)

// splitCommands splits lines of shell into commands of words, as far as
// documents use the shell: quotes, comments, lists, pipes and redirections,
// but no here-documents, expansions or nesting.
func splitCommands(lines []string) [][]string {
	var commands [][]string
	var words []string
	word, inWord, quote := "", false, rune(0)
	endWord := func() {
		if inWord {
			words = append(words, word)
		}
		word, inWord = "", false
	}
	endCommand := func() {
		endWord()
		if len(words) > 0 {
			commands = append(commands, words)
		}
		words = nil
	}
	text := []rune(strings.ReplaceAll(strings.Join(lines, "\n")+"\n", "\\\n", " "))
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word += string(c)
		case c == '\'' || c == '"':
			quote, inWord = c, true
		case c == '#' && !inWord:
			for text[i+1] != '\n' {
				i++
			}
		case c == '\n' || strings.ContainsRune(";&|", c):
			endCommand()
		case c == '>' || c == '<':
			endWord()
			words = append(words, string(c))
		case c == ' ' || c == '\t':
			endWord()
		default:
			word, inWord = word+string(c), true
		}
	}
	return commands
}

// plain takes from a command what goes before its name and behind its
// arguments: variables, sudo, redirections.
func plain(words []string) []string {
	if i := slices.IndexFunc(words, func(w string) bool { return w == ">" || w == "<" }); i >= 0 {
		words = words[:i]
	}
	variable := regexp.MustCompile(`^[A-Z_]+=`)
	for len(words) > 0 {
		switch {
		case variable.MatchString(words[0]), words[0] == "sudo":
			words = words[1:]
		case words[0] == "-u" && len(words) > 1:
			words = words[2:]
		default:
			return words
		}
	}
	return nil
}
