package fault

import (
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// infoDomain marks the error details that this package wrote.
const infoDomain = "engage.connector"

// hintKey is where the hint travels in the error details.
const hintKey = "hint"

// GRPCError turns an error into what a gRPC handler returns: a status with the code, the message
// (hidden for Internal), the hint and the time to wait. nil stays nil.
func GRPCError(err error) error {
	if err == nil {
		return nil
	}
	code := CodeOf(err)
	st := status.New(code.GRPC(), Message(err))
	details := []protoadapt.MessageV1{statusInfo(code, err)}
	if wait := RetryIn(err); wait > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(wait)})
	}
	if detailed, detailErr := st.WithDetails(details...); detailErr == nil {
		st = detailed
	}
	return st.Err()
}

// statusInfo carries the code and, unless the error is Internal, the hint.
func statusInfo(code Code, err error) *errdetails.ErrorInfo {
	info := &errdetails.ErrorInfo{Reason: string(code), Domain: infoDomain}
	if hint := Hint(err); hint != "" && code != Internal {
		info.Metadata = map[string]string{hintKey: hint}
	}
	return info
}

// codeOfStatus prefers our own detail over the bare gRPC code: gRPC itself answers with
// ResourceExhausted for a message above the limit, for which there is no own gRPC code.
func codeOfStatus(st *status.Status) Code {
	if info := infoOf(st); info != nil {
		if code := Code(info.GetReason()); code.rule().code == code {
			return code
		}
	}
	return FromGRPC(st.Code())
}

// infoOf finds the detail that this package wrote; nil when there is none.
func infoOf(st *status.Status) *errdetails.ErrorInfo {
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetDomain() == infoDomain {
			return info
		}
	}
	return nil
}

// statusRetryIn reads the wait out of a gRPC error.
func statusRetryIn(err error) time.Duration {
	st, ok := grpcStatus(err)
	if !ok {
		return 0
	}
	for _, detail := range st.Details() {
		if retry, ok := detail.(*errdetails.RetryInfo); ok {
			return retry.GetRetryDelay().AsDuration()
		}
	}
	return 0
}

// statusHint reads the hint out of a gRPC error.
func statusHint(err error) string {
	st, ok := grpcStatus(err)
	if !ok {
		return ""
	}
	return infoOf(st).GetMetadata()[hintKey]
}

// Explained reports that a gRPC error was written by a service of ours, with GRPCError: it is that
// service's own word and not that of a proxy or of gRPC itself.
func Explained(err error) bool {
	st, ok := grpcStatus(err)
	return ok && infoOf(st) != nil
}
