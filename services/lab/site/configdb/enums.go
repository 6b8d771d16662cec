package configdb

// Numbers of the Configuration Layer's enumerations, as far as the lab writes them.
const (
	objectSwitch      = 1
	objectDN          = 2
	objectPerson      = 3
	objectAgentGroup  = 5
	objectTenant      = 7
	objectSkill       = 13
	objectAgentLogin  = 15
	objectTransaction = 16
	objectFolder      = 22
	objectEnumerator  = 35

	dnExtension    = 1
	dnRoutingPoint = 4
	dnVirtualQueue = 5

	stateEnabled  = 1
	stateDisabled = 2

	flagFalse = 1
	flagTrue  = 2

	enumInteractionOperational = 1
	enumCustom                 = 4
	transactionList            = 21
	groupTypeAgent             = 5
	switchTypeSIP              = 72
)
