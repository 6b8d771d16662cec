// Package segments reads what media servers report of recorded files, joins the metadata of recorded segments with the conversations that were
// injected, and decides what is handed to recording-provider: the conversation and the
// communication a segment belongs to, and whether the org shall transcribe it. It is pure.
package segments
