package api

import "strings"

// secretTable mark the options of hybrid_integration whose values are secrets: client_secret,
// password and gir_password of the guide, and whatever else is named like them.
var secretTable = []string{"secret", "password", "passwd", "token", "private_key"}

// Secret tells whether the value of an option must not leave to strangers.
func Secret(option string) bool {
	option = strings.ToLower(option)
	for _, word := range secretTable {
		if strings.Contains(option, word) {
			return true
		}
	}
	return false
}
