package storetest

import "syscall"

// endWithParent has the kernel end the server when the test process dies without its clean-ups.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
