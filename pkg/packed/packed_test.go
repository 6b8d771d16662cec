package packed_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/packed"
	"engage.connector/pkg/packed/packedtest"
)

// visit is a message of this version; newVisit is what a later version made of it.
type visit struct {
	packed.Kept
	DN    string
	Left  time.Time
	Queue *place
	Steps []step
}

func (v *visit) Fields(f *packed.Form) {
	f.Text(2, &v.DN)
	f.Time(4, &v.Left)
	packed.One(f, 6, &v.Queue)
	packed.All(f, 8, &v.Steps)
}

type place struct {
	packed.Kept
	ID   string
	Name string
}

func (p *place) Fields(f *packed.Form) {
	f.ID(1, &p.ID)
	f.Text(2, &p.Name)
}

type step struct {
	packed.Kept
	At   time.Time
	What string
}

func (s *step) Fields(f *packed.Form) {
	f.Time(1, &s.At)
	f.Text(3, &s.What)
}

type newVisit struct {
	packed.Kept
	First   int
	DN      string
	Seen    time.Time
	Left    time.Time
	Names   []string
	Queue   *newPlace
	Blob    string
	Steps   []newStep
	Address newPlace
	Table   map[string]string
	Gone    bool
}

func (v *newVisit) Fields(f *packed.Form) {
	f.Int(1, &v.First)
	f.Text(2, &v.DN)
	f.Time(3, &v.Seen)
	f.Time(4, &v.Left)
	f.Texts(5, &v.Names)
	packed.One(f, 6, &v.Queue)
	f.Bytes(7, &v.Blob, nil)
	packed.All(f, 8, &v.Steps)
	packed.Of(f, 9, &v.Address)
	f.Map(40, &v.Table)
	f.Bool(900, &v.Gone)
}

type newPlace struct {
	packed.Kept
	ID    string
	Name  string
	Site  *newPlace
	Sites []*newPlace
}

func (p *newPlace) Fields(f *packed.Form) {
	f.ID(1, &p.ID)
	f.Text(2, &p.Name)
	packed.One(f, 3, &p.Site)
	packed.Each(f, 4, &p.Sites)
}

type newStep struct {
	packed.Kept
	At    time.Time
	Who   string
	What  string
	Until time.Time
}

func (s *newStep) Fields(f *packed.Form) {
	f.Time(1, &s.At)
	f.ID(2, &s.Who)
	f.Text(3, &s.What)
	f.Time(4, &s.Until)
}

func fillVisit(source *rand.Rand) *newVisit {
	v := &newVisit{}
	for _, field := range []any{&v.First, &v.DN, &v.Seen, &v.Left, &v.Names, &v.Blob, &v.Steps, &v.Table, &v.Gone} {
		packedtest.Fill(source, field)
	}
	leaf := func() *newPlace {
		p := &newPlace{}
		packedtest.Fill(source, &p.ID)
		packedtest.Fill(source, &p.Name)
		return p
	}
	v.Queue, v.Address = leaf(), *leaf()
	v.Queue.Site, v.Address.Sites = leaf(), []*newPlace{leaf(), leaf()}
	return v
}

func encode(t require.TestingT, m packed.Message) []byte {
	data, err := packed.Encode(m)
	require.NoError(t, err)
	return data
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := fillVisit(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)))
		got := &newVisit{}
		require.NoError(t, packed.Decode(encode(t, want), got))
		require.Equal(t, want, got)
	})
}

// A rollback: the older version reads what the newer one wrote, changes it and writes it; then the newer
// version finds the change and everything that only it knows, at every depth.
func TestFieldsOfANewerVersionSurviveAnOlderOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := fillVisit(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)))
		data := encode(t, want)
		for n := range 3 { // once more finds what the older version wrote itself
			old := &visit{}
			require.NoError(t, packed.Decode(data, old))
			require.Equal(t, want.DN, old.DN)
			at := want.Left.Add(time.Hour)
			old.DN, old.Left = strings.Repeat("9", n+1), at
			old.Steps = append([]step{{At: at, What: "a text that is longer 7"}}, old.Steps...)
			want.DN, want.Left = old.DN, at
			want.Steps = append([]newStep{{At: at, What: "a text that is longer 7"}}, want.Steps...)
			data = encode(t, old)
		}
		got := &newVisit{}
		require.NoError(t, packed.Decode(data, got))
		require.Equal(t, want, got)
	})
}

// What was kept of a message goes with it into another value, whose texts and times are others.
func TestKeptFieldsMoveIntoAnotherValue(t *testing.T) {
	long := "a text that is written once"
	at := time.UnixMicro(1_700_000_000_000_000).UTC()
	from := &newVisit{DN: long, Steps: []newStep{{At: at, What: long, Until: at.Add(time.Second)}}}
	old := &visit{}
	require.NoError(t, packed.Decode(encode(t, from), old))
	other := &visit{DN: "4001", Steps: old.Steps}
	got := &newVisit{}
	require.NoError(t, packed.Decode(encode(t, other), got))
	require.Equal(t, from.Steps, got.Steps)
}

// An older value is read by a newer version: what it lacks is zero.
func TestAnOlderValueIsRead(t *testing.T) {
	old := &visit{DN: "4001", Queue: &place{ID: "4f2a1b3c-9d8e-4fab-8cde-0123456789ab"}}
	got := &newVisit{}
	require.NoError(t, packed.Decode(encode(t, old), got))
	require.Equal(t, &newVisit{DN: "4001", Queue: &newPlace{ID: "4f2a1b3c-9d8e-4fab-8cde-0123456789ab"}}, got)
}

// Whatever a half-written value lacks, and whatever was changed in it, it is not read as something else.
func TestAValueThatWasCutOrChangedIsRefused(t *testing.T) {
	data := encode(t, fillVisit(rand.New(rand.NewPCG(1, 2))))
	for size := range data {
		require.ErrorIs(t, packed.Decode(data[:size], &newVisit{}), packed.ErrBroken, "%d bytes", size)
		require.ErrorIs(t, packed.Decode(data[:size], &visit{}), packed.ErrBroken, "%d bytes", size)
	}
	for at := 1; at < len(data); at++ {
		changed := append([]byte(nil), data...)
		changed[at] ^= 0x10
		require.ErrorIs(t, packed.Decode(changed, &newVisit{}), packed.ErrBroken, "byte %d", at)
	}
	require.ErrorIs(t, packed.Decode(append(data, 0), &newVisit{}), packed.ErrBroken)
	require.ErrorIs(t, packed.Decode([]byte(`{"dn":"4001"}`), &newVisit{}), packed.ErrBroken)
	newer := append([]byte{2}, data[1:]...)
	require.ErrorIs(t, packed.Decode(newer, &newVisit{}), packed.ErrNewer)
}

// odd names fields that are stored as something else.
type odd struct {
	packed.Kept
	fields func(*packed.Form)
}

func (o *odd) Fields(f *packed.Form) { o.fields(f) }

func TestAFieldOfAnotherKindIsRefused(t *testing.T) {
	number, text, texts, at := 7, "text", []string{"a", "b", "c"}, time.UnixMicro(5)
	kinds := map[string]func(*packed.Form){
		"number": func(f *packed.Form) { f.Int(2, &number) },
		"text":   func(f *packed.Form) { f.Text(2, &text) },
		"texts":  func(f *packed.Form) { f.Texts(2, &texts) },
		"time":   func(f *packed.Form) { f.Time(2, &at) },
		"bytes":  func(f *packed.Form) { f.Bytes(2, &text, nil) },
	}
	for wrote, write := range kinds {
		for reads, read := range kinds {
			err := packed.Decode(encode(t, &odd{fields: write}), &odd{fields: read})
			if wrote == reads {
				require.NoError(t, err)
				continue
			}
			require.ErrorIs(t, err, packed.ErrBroken)
			require.ErrorContains(t, err, "field 2 is stored as "+wrote)
		}
	}
	places := []place{{}, {}}
	two := encode(t, &odd{fields: func(f *packed.Form) { packed.All(f, 6, &places) }})
	require.ErrorIs(t, packed.Decode(two, &visit{}), packed.ErrBroken)
	three := encode(t, &odd{fields: func(f *packed.Form) { f.Texts(40, &texts) }})
	require.ErrorIs(t, packed.Decode(three, &newVisit{}), packed.ErrBroken, "half a pair")
}

func TestWhatCannotBeWrittenIsAnError(t *testing.T) {
	_, err := packed.Encode(&odd{fields: func(f *packed.Form) { f.Fail(packed.ErrBroken) }})
	require.ErrorIs(t, err, packed.ErrBroken)
}

func TestManyTextsAreRead(t *testing.T) {
	v := &newVisit{}
	for n := range 200 {
		v.Names = append(v.Names, time.Duration(n%120*int(time.Second)).String()+" text")
	}
	got := &newVisit{}
	require.NoError(t, packed.Decode(encode(t, v), got))
	require.Equal(t, v.Names, got.Names)
}

// An encoder that is used again writes the same.
func TestAnEncoderIsUsedAgain(t *testing.T) {
	var e packed.Encoder
	for seed := range uint64(20) {
		v := fillVisit(rand.New(rand.NewPCG(seed, 0)))
		data, err := e.Append([]byte("before"), v)
		require.NoError(t, err)
		require.Equal(t, "before"+string(encode(t, v)), string(data))
	}
}

// Whatever is read, reading comes to an end, and what can be read is written back whole.
func FuzzDecode(f *testing.F) {
	f.Add(string(encode(f, fillVisit(rand.New(rand.NewPCG(1, 2))))))
	f.Add(string(encode(f, &visit{DN: "1"})))
	const head = 5
	f.Fuzz(func(t *testing.T, data string) {
		v := &visit{}
		if len(data) <= head || packed.DecodeOwn(data, v) != nil {
			return
		}
		again := &visit{}
		require.NoError(t, packed.Decode(encode(t, v), again))
		require.Equal(t, v, again)
	})
}
