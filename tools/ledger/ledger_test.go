package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const sample = "id\tseed\tchapter\tsystem\tkind\tstatement\n" +
	"E-EXAS-001\ts\tc\tEXAS\tbehaviour\tStates are synchronised.\n" +
	"E-EXAS-002\ts\tc\tEXAS\tbehaviour\tThe Stat Server is asked.\n"

func tree(t *testing.T, test string) (ledger, root string) {
	t.Helper()
	root = t.TempDir()
	ledger = filepath.Join(root, "ledger.tsv")
	for name, text := range map[string]string{ledger: sample, filepath.Join(root, "x_test.go"): test} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return ledger, root
}

func TestNamedAndOpenRowsAreCountedPerSystem(t *testing.T) {
	ledger, root := tree(t, "package x\n\n//"+" ledger: E-EXAS-002\nfunc TestX() {}\n")
	var out strings.Builder
	if err := run(&out, ledger, root, true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"EXAS           1 of   2 rows", "open  E-EXAS-001  States are synchronised."} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("want %q in:\n%s", want, out.String())
		}
	}
}

func TestAnIDThatDoesNotExistIsAFailureWithItsPlace(t *testing.T) {
	ledger, root := tree(t, "package x\n\n//"+" ledger: E-EXAS-002, E-EXAS-999\n")
	err := run(&strings.Builder{}, ledger, root, false)
	if err == nil || !strings.Contains(err.Error(), "x_test.go:3 names E-EXAS-999") {
		t.Fatalf("got %v", err)
	}
}
