package host

import (
	"fmt"
	"net/netip"
	"strings"
)

// Networks is a list of networks in a variable, "10.1.0.0/16,10.2.0.5": an address alone is a network
// of its own.
type Networks []netip.Prefix

// UnmarshalText reads the list.
func (n *Networks) UnmarshalText(text []byte) error {
	var all Networks
	for part := range strings.SplitSeq(string(text), ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		if addr, err := netip.ParseAddr(part); err == nil {
			all = append(all, netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(part)
		if err != nil {
			return fmt.Errorf("%q is neither a network such as 10.1.0.0/16 nor an address", part)
		}
		all = append(all, prefix.Masked())
	}
	*n = all
	return nil
}
