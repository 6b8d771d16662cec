package segments

import "engage.connector/pkg/packed"

// Fields names what is stored of a recorded file.
func (s *File) Fields(f *packed.Form) {
	f.Text(1, &s.FileName)
	f.Text(2, &s.Type)
	f.Text(3, &s.CallUUID)
	f.Time(4, &s.Start)
	f.Time(5, &s.Stop)
	f.Text(6, &s.RecordDN)
	f.Text(7, &s.AgentID)
	f.Text(8, &s.ConnID)
}

// Fields names what is stored of a submission.
func (s *Submission) Fields(f *packed.Form) {
	packed.Of(f, 1, &s.Segment)
	f.Text(2, &s.NoSpeech)
}
