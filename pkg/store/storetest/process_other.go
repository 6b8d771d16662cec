//go:build !linux

package storetest

import "syscall"

// endWithParent is known on Linux only; elsewhere a killed test may leave its server behind.
func endWithParent() *syscall.SysProcAttr { return nil }
