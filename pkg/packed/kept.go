package packed

// Kept are the fields of a message that this version does not know. They are kept so that they refer to
// nothing else, which is how they can be written into another value as well.
type Kept struct{ fields *string }

func (k *Kept) unknown() *Kept { return k }

func (k *Kept) text() string {
	if k.fields == nil {
		return ""
	}
	return *k.fields
}

// copyValue copies the value of a field whose meaning nobody needs to know.
func (r *input) copyValue(k kind, to *output) {
	switch k {
	case kindNumber:
		to.uint(r.uint())
	case kindTime:
		to.time(r.time())
	case kindText:
		to.text(r.text())
	case kindTexts:
		n := r.length()
		to.uint(uint64(n))
		for range n {
			to.text(r.text())
		}
	case kindMessages:
		n := r.length()
		to.uint(uint64(n))
		for i := 0; i < n && r.err == nil; i++ {
			r.copyMessage(to)
		}
	case kindID:
		to.data = append(to.data, r.take(sizeOfID)...)
	case kindBytes:
		n := r.length()
		to.uint(uint64(n))
		to.data = append(to.data, r.take(n)...)
	case kindUnknown:
		r.fail(broken("a field has an unknown kind"))
	}
}

func (r *input) copyMessage(to *output) {
	number, kind := r.number, r.kind
	if r.deep++; r.deep > maxDepth {
		r.fail(broken("more than %d messages within each other", maxDepth))
	}
	r.number = 0
	for r.next(); r.number != none; r.next() {
		to.tag(r.number, r.kind)
		r.copyValue(r.kind, to)
	}
	to.data = append(to.data, endOfMessage)
	r.deep--
	if r.err == nil {
		r.number, r.kind = number, kind
	}
}

// flush writes the fields that are kept and have smaller numbers.
func (o *output) flush(before int) {
	if o.kept == "" {
		return
	}
	from := &input{left: o.kept, bare: true}
	o.kept = ""
	for from.left != "" {
		rest := from.left
		from.next()
		if from.err != nil {
			return // never: they have been read before
		}
		if from.number >= before {
			o.kept = rest
			return
		}
		o.uint(uint64(from.number)<<kindBits | uint64(from.kind))
		from.copyValue(from.kind, o)
	}
}
