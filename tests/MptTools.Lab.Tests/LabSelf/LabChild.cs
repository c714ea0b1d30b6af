namespace MptTools.Lab.Tests.LabSelf;

/// <summary>The tests' own program: a process that holds a lab until it is ended in one way or another, for the tests of the ending, or one
/// that becomes another program (<see cref="PoorKernel"/>).</summary>
internal static class LabChild
{
    private static int Main(string[] arguments)
    {
        if (arguments is [PoorKernel.Word, ..])
        {
            return PoorKernel.Run(arguments.AsSpan(1));
        }
        var lab = new LabNetwork("child");
        LabHost a = lab.AddHost("A"), b = lab.AddHost("B");
        lab.Link(a, "eth1", "10.1.1.2/24", b, "eth1", "10.1.1.3/24");
        lab.EmulatedLink(a, "eth2", "10.2.1.2/24", b, "eth2", "10.2.1.3/24");
        Console.WriteLine($"process {a.Start("sleep", "1000").Id}");
        Console.WriteLine("ready");
        return Console.ReadLine() switch
        {
            "leave" => 3,
            "throw" => throw new InvalidTimeZoneException("The test asked for it."),
            _ => throw new InvalidOperationException("The test says how to end."),
        };
    }
}
