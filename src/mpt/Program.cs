using MptTools.Engine.ControlPlane;

MptCommandResult result = MptCommandLine.Execute(args);
Console.Out.Write(result.Output);
if (result.Error is not null)
{
    Console.Error.WriteLine($"mpt: {result.Error}");
    if (result.ExitCode == MptCommandLine.Misused)
    {
        Console.Error.WriteLine("'mpt help' shows the syntax.");
    }
}
return result.ExitCode;
