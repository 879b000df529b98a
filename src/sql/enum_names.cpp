// SPDX-License-Identifier: Apache-2.0
// The names of PostgreSQL's enum values, as its source spells them.
#include "lower.hpp"

namespace pgsluice::sql {

// clang-format off
#define NAME(value) case value: return #value
#define TAG(value) case T_##value: return #value
// clang-format on

std::string_view tag_name(::NodeTag tag) {
  switch (tag) {
    TAG(InsertStmt);
    TAG(DeleteStmt);
    TAG(UpdateStmt);
    TAG(MergeStmt);
    TAG(SelectStmt);
    TAG(ReturnStmt);
    TAG(CreateSchemaStmt);
    TAG(AlterTableStmt);
    TAG(ReplicaIdentityStmt);
    TAG(AlterCollationStmt);
    TAG(AlterDomainStmt);
    TAG(GrantStmt);
    TAG(GrantRoleStmt);
    TAG(AlterDefaultPrivilegesStmt);
    TAG(CopyStmt);
    TAG(VariableSetStmt);
    TAG(VariableShowStmt);
    TAG(CreateStmt);
    TAG(CreateTableSpaceStmt);
    TAG(DropTableSpaceStmt);
    TAG(AlterTableSpaceOptionsStmt);
    TAG(AlterTableMoveAllStmt);
    TAG(CreateExtensionStmt);
    TAG(AlterExtensionStmt);
    TAG(AlterExtensionContentsStmt);
    TAG(CreateFdwStmt);
    TAG(AlterFdwStmt);
    TAG(CreateForeignServerStmt);
    TAG(AlterForeignServerStmt);
    TAG(CreateForeignTableStmt);
    TAG(CreateUserMappingStmt);
    TAG(AlterUserMappingStmt);
    TAG(DropUserMappingStmt);
    TAG(ImportForeignSchemaStmt);
    TAG(CreatePolicyStmt);
    TAG(AlterPolicyStmt);
    TAG(CreateAmStmt);
    TAG(CreateTrigStmt);
    TAG(CreateEventTrigStmt);
    TAG(AlterEventTrigStmt);
    TAG(CreatePLangStmt);
    TAG(CreateRoleStmt);
    TAG(AlterRoleStmt);
    TAG(AlterRoleSetStmt);
    TAG(DropRoleStmt);
    TAG(CreateSeqStmt);
    TAG(AlterSeqStmt);
    TAG(DefineStmt);
    TAG(CreateDomainStmt);
    TAG(CreateOpClassStmt);
    TAG(CreateOpFamilyStmt);
    TAG(AlterOpFamilyStmt);
    TAG(DropStmt);
    TAG(TruncateStmt);
    TAG(CommentStmt);
    TAG(SecLabelStmt);
    TAG(DeclareCursorStmt);
    TAG(ClosePortalStmt);
    TAG(FetchStmt);
    TAG(IndexStmt);
    TAG(CreateStatsStmt);
    TAG(AlterStatsStmt);
    TAG(CreateFunctionStmt);
    TAG(AlterFunctionStmt);
    TAG(DoStmt);
    TAG(CallStmt);
    TAG(RenameStmt);
    TAG(AlterObjectDependsStmt);
    TAG(AlterObjectSchemaStmt);
    TAG(AlterOwnerStmt);
    TAG(AlterOperatorStmt);
    TAG(AlterTypeStmt);
    TAG(RuleStmt);
    TAG(NotifyStmt);
    TAG(ListenStmt);
    TAG(UnlistenStmt);
    TAG(TransactionStmt);
    TAG(CompositeTypeStmt);
    TAG(CreateEnumStmt);
    TAG(CreateRangeStmt);
    TAG(AlterEnumStmt);
    TAG(ViewStmt);
    TAG(LoadStmt);
    TAG(CreatedbStmt);
    TAG(AlterDatabaseStmt);
    TAG(AlterDatabaseRefreshCollStmt);
    TAG(AlterDatabaseSetStmt);
    TAG(DropdbStmt);
    TAG(AlterSystemStmt);
    TAG(ClusterStmt);
    TAG(VacuumStmt);
    TAG(ExplainStmt);
    TAG(CreateTableAsStmt);
    TAG(RefreshMatViewStmt);
    TAG(CheckPointStmt);
    TAG(DiscardStmt);
    TAG(LockStmt);
    TAG(ConstraintsSetStmt);
    TAG(ReindexStmt);
    TAG(CreateConversionStmt);
    TAG(CreateCastStmt);
    TAG(CreateTransformStmt);
    TAG(PrepareStmt);
    TAG(ExecuteStmt);
    TAG(DeallocateStmt);
    TAG(DropOwnedStmt);
    TAG(ReassignOwnedStmt);
    TAG(AlterTSDictionaryStmt);
    TAG(AlterTSConfigurationStmt);
    TAG(CreatePublicationStmt);
    TAG(AlterPublicationStmt);
    TAG(CreateSubscriptionStmt);
    TAG(AlterSubscriptionStmt);
    TAG(DropSubscriptionStmt);
    default: return "unknown";
  }
}

std::string_view object_type_name(::ObjectType type) {
  switch (type) {
    NAME(OBJECT_ACCESS_METHOD);
    NAME(OBJECT_AGGREGATE);
    NAME(OBJECT_AMOP);
    NAME(OBJECT_AMPROC);
    NAME(OBJECT_ATTRIBUTE);
    NAME(OBJECT_CAST);
    NAME(OBJECT_COLUMN);
    NAME(OBJECT_COLLATION);
    NAME(OBJECT_CONVERSION);
    NAME(OBJECT_DATABASE);
    NAME(OBJECT_DEFAULT);
    NAME(OBJECT_DEFACL);
    NAME(OBJECT_DOMAIN);
    NAME(OBJECT_DOMCONSTRAINT);
    NAME(OBJECT_EVENT_TRIGGER);
    NAME(OBJECT_EXTENSION);
    NAME(OBJECT_FDW);
    NAME(OBJECT_FOREIGN_SERVER);
    NAME(OBJECT_FOREIGN_TABLE);
    NAME(OBJECT_FUNCTION);
    NAME(OBJECT_INDEX);
    NAME(OBJECT_LANGUAGE);
    NAME(OBJECT_LARGEOBJECT);
    NAME(OBJECT_MATVIEW);
    NAME(OBJECT_OPCLASS);
    NAME(OBJECT_OPERATOR);
    NAME(OBJECT_OPFAMILY);
    NAME(OBJECT_PARAMETER_ACL);
    NAME(OBJECT_POLICY);
    NAME(OBJECT_PROCEDURE);
    NAME(OBJECT_PUBLICATION);
    NAME(OBJECT_PUBLICATION_NAMESPACE);
    NAME(OBJECT_PUBLICATION_REL);
    NAME(OBJECT_ROLE);
    NAME(OBJECT_ROUTINE);
    NAME(OBJECT_RULE);
    NAME(OBJECT_SCHEMA);
    NAME(OBJECT_SEQUENCE);
    NAME(OBJECT_SUBSCRIPTION);
    NAME(OBJECT_STATISTIC_EXT);
    NAME(OBJECT_TABCONSTRAINT);
    NAME(OBJECT_TABLE);
    NAME(OBJECT_TABLESPACE);
    NAME(OBJECT_TRANSFORM);
    NAME(OBJECT_TRIGGER);
    NAME(OBJECT_TSCONFIGURATION);
    NAME(OBJECT_TSDICTIONARY);
    NAME(OBJECT_TSPARSER);
    NAME(OBJECT_TSTEMPLATE);
    NAME(OBJECT_TYPE);
    NAME(OBJECT_USER_MAPPING);
    NAME(OBJECT_VIEW);
    default: return "unknown";
  }
}

std::string_view alter_table_type_name(::AlterTableType type) {
  switch (type) {
    NAME(AT_AddColumn);
    NAME(AT_AddColumnToView);
    NAME(AT_ColumnDefault);
    NAME(AT_CookedColumnDefault);
    NAME(AT_DropNotNull);
    NAME(AT_SetNotNull);
    NAME(AT_SetExpression);
    NAME(AT_DropExpression);
    NAME(AT_SetStatistics);
    NAME(AT_SetOptions);
    NAME(AT_ResetOptions);
    NAME(AT_SetStorage);
    NAME(AT_SetCompression);
    NAME(AT_DropColumn);
    NAME(AT_AddIndex);
    NAME(AT_ReAddIndex);
    NAME(AT_AddConstraint);
    NAME(AT_ReAddConstraint);
    NAME(AT_ReAddDomainConstraint);
    NAME(AT_AlterConstraint);
    NAME(AT_ValidateConstraint);
    NAME(AT_AddIndexConstraint);
    NAME(AT_DropConstraint);
    NAME(AT_ReAddComment);
    NAME(AT_AlterColumnType);
    NAME(AT_AlterColumnGenericOptions);
    NAME(AT_ChangeOwner);
    NAME(AT_ClusterOn);
    NAME(AT_DropCluster);
    NAME(AT_SetLogged);
    NAME(AT_SetUnLogged);
    NAME(AT_DropOids);
    NAME(AT_SetAccessMethod);
    NAME(AT_SetTableSpace);
    NAME(AT_SetRelOptions);
    NAME(AT_ResetRelOptions);
    NAME(AT_ReplaceRelOptions);
    NAME(AT_EnableTrig);
    NAME(AT_EnableAlwaysTrig);
    NAME(AT_EnableReplicaTrig);
    NAME(AT_DisableTrig);
    NAME(AT_EnableTrigAll);
    NAME(AT_DisableTrigAll);
    NAME(AT_EnableTrigUser);
    NAME(AT_DisableTrigUser);
    NAME(AT_EnableRule);
    NAME(AT_EnableAlwaysRule);
    NAME(AT_EnableReplicaRule);
    NAME(AT_DisableRule);
    NAME(AT_AddInherit);
    NAME(AT_DropInherit);
    NAME(AT_AddOf);
    NAME(AT_DropOf);
    NAME(AT_ReplicaIdentity);
    NAME(AT_EnableRowSecurity);
    NAME(AT_DisableRowSecurity);
    NAME(AT_ForceRowSecurity);
    NAME(AT_NoForceRowSecurity);
    NAME(AT_GenericOptions);
    NAME(AT_AttachPartition);
    NAME(AT_DetachPartition);
    NAME(AT_DetachPartitionFinalize);
    NAME(AT_AddIdentity);
    NAME(AT_SetIdentity);
    NAME(AT_DropIdentity);
    NAME(AT_ReAddStatistics);
    default: return "unknown";
  }
}

std::string_view constraint_type_name(::ConstrType type) {
  switch (type) {
    NAME(CONSTR_NULL);
    NAME(CONSTR_NOTNULL);
    NAME(CONSTR_DEFAULT);
    NAME(CONSTR_IDENTITY);
    NAME(CONSTR_GENERATED);
    NAME(CONSTR_CHECK);
    NAME(CONSTR_PRIMARY);
    NAME(CONSTR_UNIQUE);
    NAME(CONSTR_EXCLUSION);
    NAME(CONSTR_FOREIGN);
    NAME(CONSTR_ATTR_DEFERRABLE);
    NAME(CONSTR_ATTR_NOT_DEFERRABLE);
    NAME(CONSTR_ATTR_DEFERRED);
    NAME(CONSTR_ATTR_IMMEDIATE);
#if PG_VERSION_NUM >= 180000
    NAME(CONSTR_ATTR_ENFORCED);
    NAME(CONSTR_ATTR_NOT_ENFORCED);
#endif
    default: return "unknown";
  }
}

#undef NAME
#undef TAG

}  // namespace pgsluice::sql
