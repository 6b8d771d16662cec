package recording

import "engage.connector/pkg/packed"

// Fields names what is stored of a segment.
func (s *Segment) Fields(f *packed.Form) {
	f.ID(1, &s.ID)
	f.Text(2, &s.FileName)
	f.ID(3, &s.ConversationID)
	f.ID(4, &s.CommunicationID)
	f.ID(5, &s.UserID)
	f.Text(6, &s.CallUUID)
	f.Time(7, &s.Start)
	f.Time(8, &s.End)
	packed.One(f, 9, &s.Speech)
}

// Fields names what is stored of a request for transcription.
func (s *Speech) Fields(f *packed.Form) {
	f.ID(1, &s.ProgramID)
	f.Text(2, &s.Language)
}
