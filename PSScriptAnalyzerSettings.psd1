@{
    ExcludeRules = @(
        # The functions in src/build/ serve the scripts beside them only. Comments above them say what they are for; nobody asks Get-Help.
        'PSProvideCommentHelp'
        # Of these functions too: New-Nupkg and the like write what they were asked for, and build.ps1 has no -WhatIf to hand on.
        'PSUseShouldProcessForStateChangingFunctions'
        # Of these functions too; on cmdlets of PowerShell the rule finds nothing.
        'PSAvoidUsingPositionalParameters'
    )
}
