package users

import "time"

// User is a SCIM user. Empty fields are not sent on creation.
type User struct {
	ID          string          `json:"id,omitempty"` // set by the server
	Active      *bool           `json:"active,omitempty"`
	UserName    string          `json:"userName,omitempty"` // the e-mail address; unique
	DisplayName string          `json:"displayName,omitempty"`
	Title       string          `json:"title,omitempty"`
	Emails      []UserEmail     `json:"emails,omitempty"`
	ExternalID  string          `json:"externalId,omitempty"`
	Roles       []UserRole      `json:"roles,omitempty"` // by role name
	Enterprise  *UserEnterprise `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,omitempty"`
	Extension   *UserExtension  `json:"urn:ietf:params:scim:schemas:extension:genesys:purecloud:2.0:User,omitempty"`
	Meta        *UserMeta       `json:"meta,omitempty"` // set by the server
}

// IsActive reports the administrative status; a user of whom nothing is said is active.
func (u User) IsActive() bool { return u.Active == nil || *u.Active }

// Version is the ETag for PatchUser's ifMatch; "" when the server gave none.
func (u User) Version() string {
	if u.Meta == nil {
		return ""
	}
	return u.Meta.Version
}

// UserEmail is one e-mail address of a user; Type is "work" or "other".
type UserEmail struct {
	Value   string `json:"value"`
	Type    string `json:"type,omitempty"`
	Primary bool   `json:"primary,omitempty"`
}

// UserRole is a role of a user, by name.
type UserRole struct {
	Value string `json:"value"`
}

// UserEnterprise is the SCIM enterprise extension.
type UserEnterprise struct {
	Division       string `json:"division,omitempty"` // division name
	Department     string `json:"department,omitempty"`
	EmployeeNumber string `json:"employeeNumber,omitempty"`
}

// UserExtension is the vendor's SCIM extension.
type UserExtension struct {
	RoutingSkills []UserRoutingSkill `json:"routingSkills,omitempty"` // at most 50
	ExternalIDs   []UserExternalID   `json:"externalIds,omitempty"`
}

// UserRoutingSkill is a skill of a user by its case-sensitive name, proficiency 0.0 to 5.0.
type UserRoutingSkill struct {
	Name        string  `json:"name"`
	Proficiency float64 `json:"proficiency"`
}

// UserExternalID is an id that another system (the authority) gave to the user.
type UserExternalID struct {
	Authority string `json:"authority"`
	Value     string `json:"value"`
}

// UserMeta is what SCIM keeps about the resource.
type UserMeta struct {
	Version      string    `json:"version,omitempty"`
	LastModified time.Time `json:"lastModified,omitzero"`
	Location     string    `json:"location,omitempty"`
}

// UserFilter selects users. SCIM knows only single conditions; without Filter the listing has
// active users only.
type UserFilter struct {
	Filter     string   // e.g. `active eq false`, `division eq "Home"`
	Attributes []string // restrict to these
}

// PatchOperation is one step of a SCIM PATCH: Op is "add", "replace" or "remove"; Value is any
// JSON value and is left out when nil.
type PatchOperation struct {
	Op    string `json:"op"`
	Path  string `json:"path,omitempty"`
	Value any    `json:"value,omitempty"`
}

// Replace is the patch operation that sets an attribute.
func Replace(path string, value any) PatchOperation {
	return PatchOperation{Op: "replace", Path: path, Value: value}
}

// Role is a role of the organization.
type Role struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// RoleGrant gives a role in a division.
type RoleGrant struct {
	RoleID     string `json:"roleId"`
	DivisionID string `json:"divisionId"`
}

// Division is an authorization division.
type Division struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	Home bool   `json:"homeDivision,omitempty"`
}

// SkillRating is a skill of a user with its proficiency 0.0 to 5.0. Name is set when reading.
type SkillRating struct {
	ID          string  `json:"id"`
	Name        string  `json:"name,omitempty"`
	Proficiency float64 `json:"proficiency"`
}
