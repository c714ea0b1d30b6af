@{
    ExcludeRules = @(
        # As in the settings of the repository: helpers of tests, called by tests only.
        'PSProvideCommentHelp'
        'PSUseShouldProcessForStateChangingFunctions'
        'PSAvoidUsingPositionalParameters'
        # Pester runs BeforeAll and It in one scope, and the rule sees two script blocks.
        'PSUseDeclaredVarsMoreThanAssignments'
    )
}
